// S6 scale-out: from one broker to three and back, under load, on storage that is slow enough to be what holds traffic up. Clients
// notice nothing but that more gets through: no error, no new connection, no other metadata; the new brokers get their share.
// judges: F1.4 F5.1 F5.2 F5.3 F5.4 F5.5 NFR3.1 NFR3.2 NFR3.3 NFR4.3 NFR5.4
// Pass: ./k6 run tests/scaleout.js              Fail: K6_LIE=idle-newcomer ./k6 run tests/scaleout.js
import { Target } from "k6/x/chaos";
import { disturbed, seconds, traffic } from "./lib/chaos.js";
import { contract, once, pause } from "./lib/contract.js";

const partitions = 24;
const { ledger, options: withThresholds, setup, judge } = contract({
  script: "scaleout",
  records: 500,
  partitions,
  needs: ["add", "remove"],
});
const target = new Target();
const flow = traffic(ledger, { partitions, every: "1ms", records: 1 });
export const { write, readGroup, readAll, listEnds } = flow;
export const options = withThresholds({ ...flow.scenarios, scale: once("scale", 1, "20m") });
export { setup, judge as teardown };

const window = seconds(4, 30) * 1000; // over which throughput is measured

export const scale = disturbed(ledger, async () => {
  const slow = target.can("storage") && (await target.inject({ storage: "write", action: "delay", delay: "50ms" }));
  await (await target.inject({ action: "scale", brokers: 1 })).done;
  const alone = await throughput();
  await (await target.inject({ action: "scale", brokers: 3 })).done;
  const together = await throughput();
  await (await target.inject({ action: "scale", brokers: 1 })).done;
  await throughput();
  const evidence = `${alone} records/s with 1 broker, ${together} with 3`;
  ledger.expect("F5.5", "three brokers get more through than one", together > 1.2 * alone, evidence);
  ledger.expect("NFR3.2", "three brokers get more through than one", together > 1.2 * alone, evidence);
  if (slow) {
    await slow.stop();
  }
});

/** throughput gives how many records are acked in a second, once what has just changed has settled. */
async function throughput() {
  await pause(1000);
  const before = ledger.acked();
  await pause(window);
  return Math.round(((ledger.acked() - before) * 1000) / window);
}
