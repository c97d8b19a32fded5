// S4 and S5 at random: brokers die, freeze and come back, storage and the wire stall and fail, several things at once, by a plan that
// a seed decides (K6_SEED). Whatever happens, what was acked is there, once, where the ack said.
// judges: F3.1 F3.4 F4.1 F6.1 NFR1.1 NFR1.5 NFR2.1 NFR2.2 NFR2.3 NFR2.5 NFR4.4
// Pass: ./k6 run tests/chaos_random.js          Fail: K6_LIE=ack-before-durable ./k6 run tests/chaos_random.js
import { Target } from "k6/x/chaos";
import { disturbed, seconds, traffic } from "./lib/chaos.js";
import { contract, once } from "./lib/contract.js";
import { profile } from "k6/x/trust";

const partitions = 6;
const target = new Target();
// Who claims a bucket has to have it disturbed. Messages are disturbed where a proxy of ours sees them.
const { chaos, claims } = profile();
const stored = claims.objectStorage;
const wired = target.can("wire");
const alone = chaos?.brokers?.length === 1; // while it is away, no other fault has anything to hit
/** @type {import("k6/x/trust").LedgerOptions["needs"]} */
const needs = ["kill", "start", "pause"];
const { ledger, options: withThresholds, setup, judge } = contract({
  script: "chaos_random",
  records: 200,
  partitions,
  needs: stored ? [...needs, "storage"] : needs,
});
const flow = traffic(ledger, { partitions });
export const { write, readGroup, readAll, listEnds } = flow;
export const options = withThresholds({ ...flow.scenarios, disturb: once("disturb", 1, "60m") });
export { setup, judge as teardown };

/** @type {import("k6/x/chaos").AnyFault[]} */
const storage = [
  { storage: "*", action: "delay", delay: "150ms", jitter: "50ms", for: "3s" },
  { storage: "write", action: "error", code: "SlowDown", probability: 0.3, for: "3s" },
  { storage: "write", action: "lost", probability: 0.3, for: "2s" },
  { storage: "write", action: "refuse", for: "1s" },
];
/** @type {import("k6/x/chaos").AnyFault[]} */
const wire = [
  { action: "delay", delay: "100ms", jitter: "50ms", for: "2s" },
  { api: "Produce", on: "response", action: "disconnect", probability: 0.1, for: "2s" },
];

const plan = target.plan({
  seed: Number(__ENV.K6_SEED || 1),
  for: `${seconds(15, 300)}s`,
  quiet: `${seconds(1, 5)}s`,
  together: alone ? 1 : 2,
  from: [
    { broker: "any", action: "kill", for: "2s" },
    { broker: "any", action: "pause", for: "2s" },
    { broker: "all", action: "kill", for: "1s" },
    ...(stored ? storage : []),
    ...(wired ? wire : []),
  ],
});

export const disturb = disturbed(ledger, async () => {
  await target.follow(plan);
});
