// S2 connection storm: beside steady traffic 1,000 and then 10,000 connections are opened and kept, some are closed and opened again at
// random, some say nothing or speak a byte at a time; then all go, and come again. Nobody may be turned away, the traffic notices
// nothing, and what the target held for the connections comes back.
// judges: F1.1 F1.3 F1.4 F2.1 F2.2 F3.4 NFR1.5 NFR2.2 NFR3.4 NFR4.4
// Pass: ./k6 run tests/connection_storm.js          Fail: K6_LIE=connection-limit ./k6 run tests/connection_storm.js
// K6_STORM_CONNECTIONS=2000 has fewer, for small machines: then NFR3.4 is INCONCLUSIVE, for it is about 10,000.
import { disturbed, seconds, traffic } from "./lib/chaos.js";
import { contract, once, pause } from "./lib/contract.js";

const most = Number(__ENV.K6_STORM_CONNECTIONS || 10000);
if (!Number.isInteger(most) || most < 10) {
  throw new Error(`K6_STORM_CONNECTIONS=${__ENV.K6_STORM_CONNECTIONS}: a whole number is allowed, 10 or more`);
}
const partitions = 6;
const { ledger, options: withThresholds, setup, judge } = contract({
  script: "connection_storm",
  records: 500, // fewer acked ones are INCONCLUSIVE
  partitions,
});
const flow = traffic(ledger, { partitions });
export const { write, readGroup, readAll, listEnds } = flow;
export const options = withThresholds({ ...flow.scenarios, storm: once("storm", 1, "20m") });
export { setup, judge as teardown };

export const storm = disturbed(ledger, async () => {
  const seen = await ledger.storm({
    connections: [Math.ceil(most / 10), most], // at once, one stage after the other
    over: "60s", // in so much time at most, each stage
    hold: `${seconds(5, 60)}s`,
    churn: 0.02, // a second
    halfOpen: 0.01,
    slow: 0.01,
    seed: Number(__ENV.K6_SEED || 1),
  });
  for (const stage of seen.stages) {
    console.log(`${stage.open} of ${stage.asked} connections open after ${stage.seconds.toFixed(1)} s: ` +
      `${stage.counts.accepted} accepted, ${stage.counts.refused} refused, ${stage.counts.timedOut} timed out, ` +
      `${stage.counts.reset} reset, ${stage.counts.closed} closed, ${stage.counts.lost} lost, ${stage.counts.churned} closed to come again`);
  }
  await pause(seconds(1, 5) * 1000);
});
