// Traffic that never ends, and one fault after the other of the kind that the environment names (FAULT, as JSON).
import { Target } from "k6/x/chaos";
import { contract, once } from "../../../tests/lib/contract.js";

const { ledger, options: withThresholds, setup, judge } = contract({ script: "smoke_single", records: 1000 });
const target = new Target();

export const options = withThresholds({ main: once("main") });
export { setup, judge as teardown };

export async function main() {
  const flowing = (async () => {
    for (;;) {
      await ledger.produce({ records: 10 });
    }
  })();
  for (;;) {
    const fault = await target.inject(JSON.parse(__ENV.FAULT));
    await fault.waitHits(1);
    console.log(`the fault has hit ${fault.hits > 0}`);
    await Promise.race([fault.done, flowing]);
  }
}
