// S4 failover: the brokers that follow the leader of a partition freeze while records are written, the leader dies, the followers wake
// up and one of them takes over, and the old leader comes back. What was acked, and by whomever, has to be there. Where partitions have
// one copy, nobody follows, and only the leader dies.
// judges: F3.3 F4.1 NFR1.1 NFR1.5 NFR2.1 NFR2.2 NFR2.3 NFR2.5 NFR4.4
// Pass: ./k6 run tests/failover.js              Fail: K6_PROFILE=kafka-cluster-unsafe ./k6 run tests/failover.js
import { Target } from "k6/x/chaos";
import { disturbed, seconds, traffic } from "./lib/chaos.js";
import { contract, milliseconds, once, pause } from "./lib/contract.js";
import { profile } from "k6/x/trust";

const busy = 2; // partitions with steady traffic; one more has none, so that what its log loses stays lost, and nobody writes there
const { chaos, topics } = profile();
const copies = topics.replicationFactor > 1;
const { ledger, options: withThresholds, setup, judge } = contract({
  script: "failover",
  records: 500,
  partitions: busy + 1,
  needs: copies ? ["kill", "start", "pause"] : ["kill", "start"],
});
const target = new Target();
const flow = traffic(ledger, { partitions: busy, keyed: 0 });
export const { write, readGroup, readAll, listEnds } = flow;
export const options = withThresholds({ ...flow.scenarios, failOver: once("failOver", 1, "20m") });
export { setup, judge as teardown };

const lease = milliseconds(chaos?.lease ?? "0s"); // after which others notice that somebody is gone
const patience = 5 * 1000 + 2 * lease; // bounds what may never come about

/**
 * acked waits until records are acked, or for so long that nobody is going to. They stay under way.
 * @param {number} partition
 * @param {number} records
 */
const acked = (partition, records) => Promise.race([ledger.produce({ partition, records, timeout: "20m" }), pause(patience)]);

export const failOver = disturbed(ledger, async () => {
  for (let round = 0; round < seconds(2, 10); round++) {
    const partition = round % 2 === 0 ? busy : 0;
    const of = { topic: ledger.topic, partition };
    await acked(partition, 100); // by all copies
    const frozen = copies ? await target.inject({ broker: { followersOf: of }, action: "pause" }) : undefined;
    await pause(frozen ? 2 * lease : 0); // the leader knows by now that nobody follows
    await acked(partition, 1000); // by the leader alone, or by nobody
    const killed = await target.inject({ broker: { leaderOf: of }, action: "kill", for: `${2 * patience}ms` });
    await frozen?.stop();
    await acked(partition, 10); // by who has taken over
    await killed.stop(); // the old leader is back
    await acked(partition, 10);
    await pause(seconds(2, 10) * 1000);
  }
  await acked(busy, 10); // who has no steady traffic has to have recovered, too
});
