// A script that would never end, for the test of Ctrl-C.
import { contract, once } from "../../../tests/lib/contract.js";

const { ledger, options: withThresholds, setup, judge } = contract({ script: "smoke_single", records: 1e9 });
export const options = withThresholds({ produce: once("produce"), consume: once("consume") });
export { setup, judge as teardown };

/** @param {import("k6/x/trust").TargetInfo} target */
export async function produce(target) {
  await ledger.produce({ records: 100 });
  console.log(`bootstrap ${target.bootstrap}`);
  for (;;) {
    const sent = await ledger.produce({ records: 100 });
    if (sent.stopped) {
      return;
    }
  }
}

export async function consume() {
  await ledger.consume({ timeout: "1h" });
}
