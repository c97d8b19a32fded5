// S7 rolling upgrade: under steady traffic every broker is stopped and started again, one after the other. No client may see an error,
// nothing may be lost, and traffic never stops.
// judges: F3.2 F4.1 F4.2 NFR1.5 NFR4.1 NFR4.4
// Pass: ./k6 run tests/rolling_upgrade.js       Fail: K6_LIE=forget-commits ./k6 run tests/rolling_upgrade.js
import { Target } from "k6/x/chaos";
import { disturbed, seconds, traffic } from "./lib/chaos.js";
import { contract, once } from "./lib/contract.js";

const partitions = 6;
const { ledger, options: withThresholds, setup, judge } = contract({
  script: "rolling_upgrade",
  records: 500,
  partitions,
  needs: ["stop", "start"],
});
const target = new Target();
const flow = traffic(ledger, { partitions });
export const { write, readGroup, readAll, listEnds } = flow;
export const options = withThresholds({ ...flow.scenarios, upgrade: once("upgrade", 1, "20m") });
export { setup, judge as teardown };

export const upgrade = disturbed(ledger, async () => {
  for (let round = 0; round < seconds(2, 5); round++) {
    const fault = await target.inject({ action: "roll", pause: `${seconds(1, 10)}s` });
    await fault.done;
  }
});
