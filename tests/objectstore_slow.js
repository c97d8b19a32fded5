// S5 storage slowness: object storage answers late, then at a trickle, then with more and more errors, at last with nothing else, while
// several producers write to each partition; then all brokers restart on storage that tears what is read. Whatever is slow or refused
// must come back as latency or as errors that clients try again, and never as loss; readers catch up.
// judges: F3.1 F6.1 F6.3 F6.4 NFR1.4 NFR1.5 NFR2.1 NFR2.2 NFR2.3 NFR2.5
// Pass: ./k6 run tests/objectstore_slow.js      Fail: K6_LIE=drop-failed-put ./k6 run tests/objectstore_slow.js
import { Target } from "k6/x/chaos";
import { disturbed, seconds, traffic } from "./lib/chaos.js";
import { contract, once, pause } from "./lib/contract.js";

const partitions = 3;
const { ledger, options: withThresholds, setup, judge } = contract({
  script: "objectstore_slow",
  records: 500,
  partitions,
  needs: ["storage"],
});
const target = new Target();
const flow = traffic(ledger, { partitions, size: 1000 });
export const { readGroup, readAll, listEnds } = flow;
export const options = withThresholds({
  ...flow.scenarios, write: once("write", 3 * partitions, "20m"), slow: once("slow", 1, "20m"),
});
export { setup, judge as teardown };

/** write has three producers on each partition. */
export async function write() {
  await ledger.produce({ partition: (__VU - 1) % partitions, records: 5, size: 1000, every: "50ms", for: "20m", timeout: "20m" });
}

/** The rates of the sweep, in percent, after exactly one failure. */
const rates = [5, 20, 40, 60, 100];

export const slow = disturbed(ledger, async () => {
  await during({ storage: "*", action: "delay", delay: "200ms", jitter: "50ms" }, seconds(4, 60));
  await during({ storage: "*", action: "throttle", bytesPerSecond: 64 << 10 }, seconds(3, 30));
  const one = await target.inject({ storage: "write", action: "error", code: "InternalError", times: 1 });
  await one.done;
  for (const rate of rates) {
    await during({ storage: "write", action: "error", code: "SlowDown", probability: rate / 100, seed: rate }, seconds(2, 20));
  }
  if (target.can("kill")) {
    // whoever starts now has to read all again, and is given torn objects
    const torn = await target.inject({ storage: "GET", action: "truncate", bytes: 100, probability: 0.3 });
    const all = await target.inject({ broker: "all", action: "kill", for: "500ms" });
    await all.done;
    await torn.stop();
  }
});

/**
 * during has a fault for so many seconds, and a moment without one after it.
 * @param {import("k6/x/chaos").StorageFault} spec
 * @param {number} long
 */
async function during(spec, long) {
  const fault = await target.inject({ ...spec, for: `${long}s` });
  await fault.done;
  await pause(500);
}
