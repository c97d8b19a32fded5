// A script whose function takes longer than k6 lets it, for the test that it does not pass: k6 itself would exit 0.
import { sleep } from "k6";
import { contract } from "../../../tests/lib/contract.js";

const { ledger, options: withThresholds, setup, judge } = contract({ script: "diagnose", records: 20 });
export const options = withThresholds({
  main: { executor: "per-vu-iterations", exec: "main", vus: 1, iterations: 1, maxDuration: "1s", gracefulStop: "0s" },
});
export { setup, judge as teardown };

export async function main() {
  await ledger.produce({ records: 20 });
  sleep(60); // before it looks at anything
}
