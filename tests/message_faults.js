// S10 message faults: what happens on the wire to the messages of one topic must be noticed, and nothing else may be. Each topic
// has its own fault: acked records that are dropped are LOST_ACKED, doubled ones DUPLICATE, exactly as many as the proxy says; what
// is delayed is late and not lost; refused and cut-off requests are tried again, and stand once.
// judges: F2.1 F2.2 F3.4 F3.5 NFR2.1 NFR2.2 NFR2.3 NFR5.1
// Pass: ./k6 run tests/message_faults.js        Fail: K6_LIE=lose-record ./k6 run tests/message_faults.js
import { Target } from "k6/x/chaos";
import { contract, once } from "./lib/contract.js";

const names = ["drop", "duplicate", "delay", "error", "disconnect"];
const before = 200; // records to each topic while its fault is active
const after = 50; // and when it is over
const calm = 50; // to the topic that no fault names, while each is active
const { ledger, options: withThresholds, setup, judge } = contract({
  script: "message_faults",
  topics: [...names, "calm"],
  partitions: 2,
  needs: ["wire"],
  records: names.length * (before + after + calm),
});
const [drop, duplicate, delay, error, disconnect, undisturbed] = ledger.topics;
const target = new Target();

export const options = withThresholds({ faults: once("faults"), read: once("read") });
export { setup, judge as teardown };

export async function faults() {
  if (ledger.stopped()) {
    return;
  }
  await during(drop, { api: "Produce", topic: drop, action: "drop", nth: 2, times: 2 }, 2);
  await during(duplicate, { api: "Produce", topic: duplicate, action: "duplicate", nth: 2, times: 2 }, 2);

  const took = await during(delay, { api: "Produce", topic: delay, action: "delay", delay: "1s", times: 1 }, 1);
  ledger.expect("F2.1", "a delayed request is answered late, and answered", took >= 1000, `the delayed topic took ${took} ms`);

  await during(error, { api: "Produce", topic: error, action: "error", error: "NOT_LEADER_OR_FOLLOWER", times: 3 }, 3);
  await during(disconnect, { api: "Produce", topic: disconnect, on: "response", action: "disconnect", times: 2 }, 2);
}

/**
 * during sends records to a topic while a fault is active, and some more when it is over.
 * @param {string} topic
 * @param {import("k6/x/chaos").KafkaFault} spec
 * @param {number} hits that the fault must have in the end
 * @returns {Promise<number>} milliseconds that the first records took
 */
async function during(topic, spec, hits) {
  const fault = await target.inject(spec);
  const began = Date.now();
  const sent = await ledger.produce({ topic, records: before, batchSize: 4096 });
  const took = Date.now() - began;
  const others = await ledger.produce({ topic: undisturbed, records: calm, batchSize: 4096 });
  await fault.stop();
  const rest = await ledger.produce({ topic, records: after, batchSize: 4096 });
  ledger.expect("F2.1", `${spec.action}: every record is acked in the end`, sent.acked + rest.acked + others.acked === before + after + calm,
    `${sent.acked + rest.acked + others.acked} of ${before + after + calm} were`);
  ledger.expect("NFR5.1", `${spec.action}: the fault hits what it names`, fault.hits === hits, `${fault.hits} hits, ${hits} wanted`);
  return took;
}

export async function read() {
  await ledger.consume({ group: `${ledger.run}-readers` });
}
