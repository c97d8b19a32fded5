// A fault that nobody ends, in the middle of traffic that never ends.
import { Target } from "k6/x/chaos";
import { contract, once } from "../../../tests/lib/contract.js";

const { ledger, options: withThresholds, setup, judge } = contract({ script: "smoke_single", records: 1000 });
const target = new Target();

export const options = withThresholds({ main: once("main") });
export { setup, judge as teardown };

export async function main() {
  const fault = await target.inject({ api: "Produce", action: "delay", delay: "20ms" });
  const flowing = (async () => {
    for (;;) {
      await ledger.produce({ records: 10 });
    }
  })();
  await fault.waitHits(2);
  console.log(`the fault has hit ${fault.hits > 1}`);
  await flowing;
}
