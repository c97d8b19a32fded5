// A script whose function throws after all was sent, for the test that it does not pass: k6 itself would exit 0.
import { contract, once } from "../../../tests/lib/contract.js";

const { ledger, options: withThresholds, setup, judge } = contract({ script: "smoke_single", records: 1000 });
export const options = withThresholds({ main: once("main") });
export { setup, judge as teardown };

export async function main() {
  await ledger.produce({ records: 1000, keys: 50 });
  throw new Error("something the script did not foresee");
}
