// S3 correctness: virtual users that share one Kafka client, and readers that each read all partitions.
// judges: F1.1 F1.2 F1.4 F2.1 F2.2 F2.5 F2.6 F3.1 F3.2 F3.4 F3.5 F6.1 F6.2 NFR2.1 NFR2.2 NFR2.3 NFR2.4 NFR2.5 NFR5.1 NFR5.2 NFR5.3
// Pass: ./k6 run tests/smoke_shared.js          Fail: K6_LIE=split-log ./k6 run tests/smoke_shared.js
import { contract, once } from "./lib/contract.js";

const producers = 4;
const records = 400; // each
const { ledger, options: withThresholds, setup, judge } = contract({
  script: "smoke_shared",
  records: producers * records,
  partitions: 4,
});

export const options = withThresholds({ produce: once("produce", producers), consume: once("consume", 2) });
export { setup, judge as teardown };

export async function produce() {
  await ledger.produce({ records, keys: 40, shared: true });
}

export async function consume() {
  await ledger.consume();
}
