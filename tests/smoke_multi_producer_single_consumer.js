// S3 correctness: eight producers, one reader. Every second producer sends by keys, the others send to one partition.
// judges: F1.1 F1.2 F2.1 F2.2 F2.5 F2.6 F3.1 F3.2 F3.4 F3.5 F6.1 F6.2 NFR2.1 NFR2.2 NFR2.3 NFR2.4 NFR2.5 NFR5.1 NFR5.2 NFR5.3
// Pass: ./k6 run tests/smoke_multi_producer_single_consumer.js
// Fail: K6_LIE=reorder-batches ./k6 run tests/smoke_multi_producer_single_consumer.js
import { contract, once } from "./lib/contract.js";

const producers = 8;
const records = 250; // each
const { ledger, options: withThresholds, setup, judge } = contract({
  script: "smoke_multi_producer_single_consumer",
  records: producers * records,
  partitions: 3,
});

export const options = withThresholds({ produce: once("produce", producers), consume: once("consume") });
export { setup, judge as teardown };

export async function produce() {
  const where = __VU % 2 ? { keys: 25 } : { partition: 0 };
  await ledger.produce({ records, ...where, batchSize: 4096 }); // small batches, so that several are on their way
}

export async function consume() {
  await ledger.consume();
}
