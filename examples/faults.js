// Faults on the wire: two batches are acked and never written, and a broker is cut off for a second. The run passes, because the
// ledger finds exactly the records that the proxy took away, and no others: a suite that did not would be worth nothing.
// Run: ./k6 run examples/faults.js              See it fail: K6_LIE=lose-record ./k6 run examples/faults.js
import { Target } from "k6/x/chaos";
import { contract, once } from "../tests/lib/contract.js";

const records = 500;
const { ledger, options: withThresholds, setup, judge } = contract({ script: "diagnose", records: 2 * records, partitions: 3 });
const target = new Target();

export const options = withThresholds({ main: once("main") });
export { setup, judge as teardown };

export async function main() {
  // Every second batch is dropped, twice: its producer is told of a success, and no broker ever sees it.
  const drop = await target.inject({ api: "Produce", topic: ledger.topic, action: "drop", nth: 2, times: 2 });
  await ledger.produce({ records, batchSize: 4096 });
  await drop.done; // it ends by itself, having hit twice
  console.log(`${drop.hits} batches with ${drop.records} records were dropped`);

  // Neither requests to this broker nor its answers get through; clients wait, and try again.
  const [broker] = await target.brokers();
  const cut = await target.inject({ broker, action: "blackhole", for: "1s" });
  await ledger.produce({ records });
  console.log(`broker ${broker} was cut off: ${await cut.stop()} messages were lost on their way`);

  await ledger.consume();
}
