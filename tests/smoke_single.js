// S3 correctness: one producer, one reader, one after the other.
// judges: F1.1 F1.2 F1.3 F1.4 F2.1 F2.2 F2.5 F2.6 F3.1 F3.2 F3.4 F3.5 F6.1 F6.2 NFR2.1 NFR2.2 NFR2.3 NFR2.4 NFR2.5 NFR5.1 NFR5.2 NFR5.3
// Pass: ./k6 run tests/smoke_single.js          Fail: K6_LIE=lose-record ./k6 run tests/smoke_single.js
import { Admin, Producer } from "k6/x/kafka";
import { contract, once } from "./lib/contract.js";

const { ledger, options: withThresholds, setup, judge } = contract({ script: "smoke_single", records: 1000, partitions: 3 });

// The positive control of the counting of errors, on a topic of its own: a record over any broker's usual limit of 1 MiB.
const control = `${ledger.topic}-refused`;
const admin = new Admin();
const producer = new Producer({ topic: control, batchSize: 8 << 20 });

export const options = withThresholds({ main: once("main") });
export { setup, judge as teardown };

export async function main() {
  for (let sent = 0; sent < 1000; sent += 250) {
    await ledger.produce({ records: 250, keys: 50 });
  }
  const { stopped } = await ledger.consume();
  if (!stopped) {
    await refused();
  }
}

/** @param {import("k6/x/kafka").KafkaError} error */
const resultsOf = (error) => error.results ?? [];

/** refused sends a record that is too large between two that are not: it alone fails, and by its name. */
async function refused() {
  await admin.createTopics([{ topic: control, partitions: 1, configs: { "max.message.bytes": "1048588" } }]);
  const sent = await producer.send([{ value: "before" }, { value: "x".repeat(2 << 20) }, { value: "after" }]).catch(resultsOf);
  await admin.deleteTopics([control]);
  const seen = sent.map((r) => r.error ?? `acked at offset ${r.offset}`).join(", ");
  if (sent.some((r) => r.outcome === "unknown")) {
    throw new Error(`the control of the counting of errors had no answer: ${seen}`); // which proves nothing, either way
  }
  ledger.expect("NFR5.2", "a record that is too large is refused by its name, the others of the same call are acked",
    sent.map((r) => r.error ?? r.outcome).join() === "ok,MESSAGE_TOO_LARGE,ok", seen);
}
