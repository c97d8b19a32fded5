// S3 correctness: a topic made by hand and one that the first produce request makes.
// judges: F1.1 F1.2 F2.1 F2.2 F2.3 F2.5 F3.1 F3.2 F3.4 F3.5 F6.1 F6.2 NFR2.1 NFR2.2 NFR2.3 NFR2.4 NFR2.5 NFR5.1 NFR5.2 NFR5.3
// Pass: ./k6 run tests/smoke_topic_autocreate.js   Fail: K6_LIE=invent-record ./k6 run tests/smoke_topic_autocreate.js
import { Admin } from "k6/x/kafka";
import { contract, once, pause } from "./lib/contract.js";

const { ledger, options: withThresholds, setup, judge } = contract({
  script: "smoke_topic_autocreate",
  records: 500,
  autoCreate: true,
});
const admin = new Admin();

export const options = withThresholds({ main: once("main") });
export { setup, judge as teardown };

export async function main() {
  await ledger.produce({ records: 500 });
  const { stopped } = await ledger.consume();
  if (stopped) {
    return;
  }

  const [made] = await admin.describeTopics([ledger.topic]);
  ledger.expect("F2.3", "a topic appears when the first record is sent to it", made.partitions.length > 0,
    `${ledger.topic} has ${made.partitions.length} partitions`, ["autoCreation"]);

  const byHand = `${ledger.topic}-by-hand`;
  await admin.createTopics([{ topic: byHand, partitions: 2 }]);
  const described = await describe(byHand);
  ledger.expect("F2.3", "a topic made by hand has the partitions that were asked for", described.partitions.length === 2,
    `${byHand} has ${described.partitions.length} partitions, 2 were asked for`);
  await admin.deleteTopics([byHand]);
}

/**
 * describe waits for a topic: brokers learn one after the other that it was made.
 * @param {string} topic
 */
async function describe(topic) {
  for (let tries = 1; ; tries++) {
    try {
      return (await admin.describeTopics([topic]))[0];
    } catch (e) {
      if (/** @type {import("k6/x/kafka").KafkaError} */ (e).code !== "UNKNOWN_TOPIC_OR_PARTITION" || tries === 50) {
        throw e;
      }
      await pause(100);
    }
  }
}
