// S3 correctness: five producers and five readers of one group at the same time.
// judges: F1.1 F1.2 F1.4 F2.1 F2.2 F2.5 F2.6 F3.1 F3.2 F3.4 F3.5 F6.1 F6.2 NFR2.1 NFR2.2 NFR2.3 NFR2.4 NFR2.5 NFR5.1 NFR5.2 NFR5.3
// Pass: ./k6 run tests/smoke_concurrent.js      Fail: K6_LIE=store-twice ./k6 run tests/smoke_concurrent.js
import { contract, once } from "./lib/contract.js";

const producers = 5;
const records = 400; // each
const { ledger, options: withThresholds, setup, judge } = contract({
  script: "smoke_concurrent",
  records: producers * records,
  partitions: 5,
});

export const options = withThresholds({ produce: once("produce", producers), consume: once("consume", 5) });
export { setup, judge as teardown };

export async function produce() {
  for (let sent = 0; sent < records; sent += 200) {
    await ledger.produce({ records: 200, keys: 20, batchSize: 4096 }); // small batches, so that several are on their way
  }
}

export async function consume() {
  await ledger.consume({ group: `${ledger.run}-readers` });
}
