// S3 correctness at volume: 100 producers × 1,000 records over 10 partitions, read by a group while they are written.
// judges: F1.1 F1.2 F1.4 F2.1 F2.2 F2.5 F2.6 F3.1 F3.2 F3.4 F3.5 F6.1 F6.2 NFR2.1 NFR2.2 NFR2.3 NFR2.4 NFR2.5 NFR3.5 NFR5.1 NFR5.2 NFR5.3
// Pass: ./k6 run tests/produce_consume.js       Fail: K6_LIE=lose-tail ./k6 run tests/produce_consume.js
import { contract, once } from "./lib/contract.js";

const producers = 100;
const records = 1000; // each
const { ledger, options: withThresholds, setup, judge } = contract({
  script: "produce_consume",
  records: producers * records,
  partitions: 10,
});

export const options = withThresholds({ produce: once("produce", producers), consume: once("consume", 3) });
export { setup, judge as teardown };

export async function produce() {
  await ledger.produce({ records, keys: 100 });
}

export async function consume() {
  await ledger.consume({ group: `${ledger.run}-readers` });
}
