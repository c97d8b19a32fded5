// S4 zombie: the broker that leads a partition is frozen for longer than any lease, others take over and go on, then it wakes up in
// the belief that nothing has happened. It may ack nothing that is not in the log, and overwrite nothing that others wrote.
// judges: F4.1 F4.6 NFR1.1 NFR1.5 NFR2.1 NFR2.2 NFR2.5 NFR4.4
// Pass: ./k6 run tests/zombie.js                Fail: K6_LIE=zombie-acks ./k6 run tests/zombie.js
import { Target } from "k6/x/chaos";
import { disturbed, seconds, traffic } from "./lib/chaos.js";
import { contract, milliseconds, once, pause } from "./lib/contract.js";
import { profile } from "k6/x/trust";

const partitions = 6;
const { ledger, options: withThresholds, setup, judge } = contract({
  script: "zombie",
  records: 500,
  partitions,
  needs: ["pause"],
});
const target = new Target();
const flow = traffic(ledger, { partitions });
export const { write, readGroup, readAll, listEnds } = flow;
export const options = withThresholds({ ...flow.scenarios, freeze: once("freeze", 1, "20m") });
export { setup, judge as teardown };

const lease = milliseconds(profile().chaos?.lease ?? "0s"); // after which others take over
const frozen = Math.max(seconds(3, 30) * 1000, 3 * lease);

export const freeze = disturbed(ledger, async () => {
  for (let partition = 0; partition < seconds(2, 4); partition++) {
    const fault = await target.inject({ broker: { leaderOf: { topic: ledger.topic, partition } }, action: "pause", for: `${frozen}ms` });
    await pause(frozen / 2); // others have taken over
    await ledger.produce({ records: 100, keys: 100, timeout: "20m" }); // and go on, with every partition
    await fault.done; // it is awake
    await pause(seconds(2, 10) * 1000);
  }
});
