// S3 correctness: one producer, one reader, one after the other.
// judges: F1.1 F2.1 F2.2 F2.5 F2.6 F3.1 F3.2 F3.4 F3.5 F6.1 F6.2 NFR2.1 NFR2.2 NFR2.3 NFR2.4 NFR2.5 NFR5.1 NFR5.2 NFR5.3
// Pass: ./k6 run tests/smoke_single.js          Fail: K6_LIE=lose-record ./k6 run tests/smoke_single.js
import { contract, once } from "./lib/contract.js";

const { ledger, options: withThresholds, setup, judge } = contract({ script: "smoke_single", records: 1000, partitions: 3 });

export const options = withThresholds({ main: once("main") });
export { setup, judge as teardown };

export async function main() {
  for (let sent = 0; sent < 1000; sent += 250) {
    await ledger.produce({ records: 250, keys: 50 });
  }
  await ledger.consume();
}
