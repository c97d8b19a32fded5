// Faults on storage and on brokers while records flow: uploads are slow, then the broker that leads a partition is killed and comes
// back with nothing in memory, then all of them are. The run passes if everything that was acked is there.
// Run: ./k6 run examples/chaos.js               See it fail: K6_LIE=ack-before-durable ./k6 run examples/chaos.js
import { Target } from "k6/x/chaos";
import { contract, once, pause } from "../tests/lib/contract.js";

const { ledger, options: withThresholds, setup, judge } = contract({
  script: "diagnose",
  records: 50, // fewer acked ones are INCONCLUSIVE
  partitions: 3,
  needs: ["storage", "kill", "start"], // where the profile says nothing of how, all is NOT CLAIMED
});
const target = new Target();

export const options = withThresholds({ main: once("main") });
export { setup, judge as teardown };

export async function main() {
  if (ledger.stopped()) {
    return; // there is nothing to disturb
  }
  const flowing = ledger.produce({ records: 10, every: "20ms", for: "5m", timeout: "5m" }); // until finish

  const slow = await target.inject({ storage: "PutObject", action: "delay", delay: "200ms", jitter: "50ms", for: "1s" });
  await slow.done; // it ends by itself
  console.log(`${slow.hits} uploads were late`);

  const leader = { leaderOf: { topic: ledger.topic, partition: 0 } };
  const death = await target.inject({ broker: leader, action: "kill", for: "1s" });
  await death.done; // the broker serves again
  console.log(death.took[0]);
  await pause(500); // in which traffic goes on

  const all = await target.inject({ broker: "all", action: "kill", for: "500ms" });
  await all.done;
  console.log(`${all.hits} brokers were killed at once; ${ledger.acked()} records are acked so far`);
  await pause(500);

  await ledger.finish();
  const sent = await flowing;
  console.log(`${sent.acked} records acked, ${sent.unknown} of unknown outcome`);
  await ledger.consume({ until: "end" });
}
