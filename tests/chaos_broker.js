// S4 broker death: under steady traffic one broker after the other dies and is replaced, chosen by chance; then all die at once and
// are started empty. Between two deaths, where brokers can be added, one is frozen, and one more comes and goes. No acked record may be
// lost, no client may see an error, no group may rebalance for the death of a broker.
// judges: F1.2 F2.2 F3.2 F3.3 F4.1 F4.2 F4.3 F4.4 F4.5 NFR1.1 NFR1.2 NFR1.3 NFR1.5 NFR4.2 NFR4.4
// Pass: ./k6 run tests/chaos_broker.js          Fail: K6_LIE=forget-producers ./k6 run tests/chaos_broker.js
import { Target } from "k6/x/chaos";
import { disturbed, seconds, traffic } from "./lib/chaos.js";
import { contract, once, pause } from "./lib/contract.js";

const partitions = 6;
const { ledger, options: withThresholds, setup, judge } = contract({
  script: "chaos_broker",
  records: 500, // fewer acked ones are INCONCLUSIVE
  partitions,
  needs: ["kill", "start"],
});
const target = new Target();
const elastic = target.can("pause") && target.can("add") && target.can("remove");
const flow = traffic(ledger, { partitions });
export const { write, readGroup, readAll, listEnds } = flow;
export const options = withThresholds({ ...flow.scenarios, kill: once("kill", 1, "20m") });
export { setup, judge as teardown };

export const kill = disturbed(ledger, async () => {
  if (!elastic) {
    console.log("no broker is frozen or added: the profile does not tell how brokers are added");
  }
  for (let death = 1; death <= 2; death++) {
    const fault = await target.inject({ broker: "any", action: "kill", for: `${seconds(3, 30)}s`, seed: death });
    await fault.done; // the broker is back
    await pause(seconds(2, 10) * 1000);
    if (death === 1 && elastic) {
      await change();
    }
  }
  const all = await target.inject({ broker: "all", action: "kill", for: `${seconds(2, 10)}s` });
  await all.done;
});

/** change has a broker freeze for a time, and then one more for a time. Who is late to recover from the one is so before the other. */
async function change() {
  const frozen = await target.inject({ broker: "any", action: "pause", for: `${seconds(2, 10)}s`, seed: 3 });
  await frozen.done; // it goes on
  await pause(seconds(3, 10) * 1000);
  const brokers = await target.brokers();
  const more = await target.inject({ action: "scale", brokers: brokers.length + 1, for: `${seconds(1, 10)}s` });
  await more.done; // it is gone again
  await pause(seconds(3, 10) * 1000);
}
