// A script that judges twice and throws in teardown, for the test that the verdict counts once and the error is not swallowed.
import { contract, once } from "../../../tests/lib/contract.js";

const { ledger, options: withThresholds, setup, judge } = contract({ script: "diagnose", records: 20 });
export const options = withThresholds({ main: once("main") });
export { setup };

export async function main() {
  await ledger.produce({ records: 20 });
}

export async function teardown() {
  await judge();
  await judge();
  if (__ENV.THROW) {
    throw new Error("teardown did not foresee this");
  }
}
