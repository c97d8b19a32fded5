// Traffic that flows while a plan is carried out: one by chance from K6_SEED, or, with PLAN, one that was saved.
import { Target } from "k6/x/chaos";
import { contract, once } from "../../../tests/lib/contract.js";

const { ledger, options: withThresholds, setup, judge } = contract({
  script: "diagnose", records: 20, partitions: 2, needs: ["kill", "start", "storage"],
});
const target = new Target();
export const options = withThresholds({ write: once("write", 2), read: once("read"), ends: once("ends"), disturb: once("disturb") });
export { setup, judge as teardown };

const plan = target.plan(__ENV.PLAN ? JSON.parse(open(__ENV.PLAN)) : {
  seed: Number(__ENV.K6_SEED),
  for: "4s",
  quiet: "200ms",
  storm: "1s",
  from: [
    { broker: "any", action: "kill", for: "500ms" },
    { storage: "write", action: "reset", at: "connect", probability: 0.5, for: "800ms" },
  ],
});

export async function write() {
  const began = Date.now();
  const sent = await ledger.produce({ partition: __VU % 2, records: 2, every: "20ms", for: "10m", timeout: "10m" });
  console.log(`flow: ${sent.acked > 2} ${sent.unknown + sent.failed} ${Date.now() - began < 300_000}`);
}

export async function read() {
  const got = await ledger.consume({ until: "end", timeout: "10m" });
  console.log(`read: ${got.complete} ${got.missing}`);
}

export async function ends() {
  const seen = await ledger.watch({ every: "50ms", timeout: "10m" });
  console.log(`watched: ${seen.questions > 5}`);
}

export async function disturb() {
  const before = ledger.acked();
  const hits = await target.follow(plan);
  console.log(`followed: ${hits.length === plan.faults.length} ${hits.every((n) => n > 0)} ${ledger.acked() > before}`);
  const fault = await target.inject({ broker: { leaderOf: { topic: ledger.topic, partition: 1 } }, action: "restart" });
  await fault.done;
  console.log(`took: ${fault.hits} ${fault.took.join()}`);
  await ledger.finish();
}
