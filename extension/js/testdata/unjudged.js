// A script whose author forgot teardown, for the test that it does not pass.
import { contract, once } from "../../../tests/lib/contract.js";

const { ledger, options: withThresholds, setup } = contract({ script: "smoke_single", records: 1000 });
export const options = withThresholds({ main: once("main") });
export { setup };

export async function main() {
  await ledger.produce({ records: 1000 });
}
