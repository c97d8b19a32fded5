// S1 connectivity: can a client with one address reach the target, and what is there? The first script to run against
// something new: it names what it cannot reach.
// judges: F1.1 F1.2 F1.3 F2.1 F2.2 F3.4
// Pass: ./k6 run tests/diagnose.js              Fail: K6_PROFILE=local-service ./k6 run tests/diagnose.js
import { contract, once } from "./lib/contract.js";

const { ledger, options: withThresholds, setup, judge } = contract({ script: "diagnose", records: 20, partitions: 1 });

export const options = withThresholds({ main: once("main") });
export { setup, judge as teardown };

/** @param {import("k6/x/trust").TargetInfo} target */
export async function main(target) {
  console.log(`profile ${target.profile} (${target.system}): bootstrap ${target.bootstrap}`);
  for (const broker of target.brokers) {
    console.log(`broker ${broker.id} at ${broker.address}${broker.controller ? " (controller)" : ""}`);
  }
  const versions = await ledger.versions();
  versions.lines.forEach((line) => console.log(line));
  await ledger.produce({ records: 10 });
  await ledger.produce({ records: 10 });
  const read = await ledger.consume();
  console.log(`${read.records} records written and read back`);
}
