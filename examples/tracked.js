// A script's own records, tracked and judged: stamp gives each an identity, seen tells the ledger of what was read.
// Run: ./k6 run examples/tracked.js             See it fail: K6_LIE=lose-record ./k6 run examples/tracked.js
import { Consumer, Producer } from "k6/x/kafka";
import { contract, once } from "../tests/lib/contract.js";

const records = 500;

// `script` is the scenario whose requirements are judged: SPEC/scenarios.md lists them.
const { ledger, options: withThresholds, setup, judge } = contract({ script: "diagnose", records, partitions: 2 });
const producer = new Producer({ topic: ledger.topic });
const consumer = new Consumer({ topics: [ledger.topic] });

export const options = withThresholds({ main: once("main") });
export { setup, judge as teardown };

export async function main() {
  const orders = Array.from({ length: records }, (_, i) => ({ key: `customer-${i % 10}`, value: JSON.stringify({ order: i }) }));
  await producer.send(orders.map((order) => ledger.stamp(order)));

  let read = 0;
  while (read < records) {
    const got = await consumer.poll({ timeout: "10s" });
    if (got.length === 0) {
      break; // what is missing is for the final reads to judge: late is not lost
    }
    got.forEach((record) => ledger.seen(record));
    read += got.length;
  }
  await consumer.close();
}
