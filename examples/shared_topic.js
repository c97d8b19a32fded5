// A topic that other clients use, too: their records are counted and reported, and are no PHANTOM; ours are judged as everywhere.
// Run: ./k6 run examples/shared_topic.js        While others write to it: TOPIC=orders ./k6 run examples/shared_topic.js
// See it fail: K6_LIE=lose-record ./k6 run examples/shared_topic.js
import { Producer } from "k6/x/kafka";
import { contract, once } from "../tests/lib/contract.js";

const { ledger, options: withThresholds, setup, judge } = contract({
  script: "diagnose",
  topic: __ENV.TOPIC, // one that is there already is taken as it is; default: one of this run
  sharesTopic: true, // without it, every record below that the ledger did not send would be a finding
  records: 1000,
  partitions: 3,
});
const other = new Producer({ topic: ledger.topic }); // an application that knows nothing of the ledger

export const options = withThresholds({ main: once("main") });
export { setup, judge as teardown };

export async function main() {
  if (ledger.stopped()) {
    return;
  }
  for (let round = 0; round < 10; round++) {
    await ledger.produce({ records: 100, keys: 10 });
    await other.send([{ key: "order-1", value: `no identity ${round}` }, { value: "nor this one" }]);
  }
  await ledger.consume();
}
