// S1 connectivity: brokers say of themselves, in Prometheus' format, what happens; and what they count fits what was sent.
// judges: F1.1 F1.2 F2.1 F2.2 F3.4 NFR5.4
// Pass: ./k6 run tests/smoke_metrics.js         Fail: K6_LIE=lose-record ./k6 run tests/smoke_metrics.js
import http from "k6/http";
import { contract, once } from "./lib/contract.js";

const records = 200;
const { ledger, options: withThresholds, setup, judge } = contract({ script: "smoke_metrics", records, partitions: 3 });

export const options = withThresholds({ main: once("main") });
export { setup, judge as teardown };

/** @param {import("k6/x/trust").TargetInfo} target */
export async function main(target) {
  await ledger.produce({ records });
  await ledger.consume();

  for (const url of target.metrics) {
    const answer = http.get(url);
    const samples = String(answer.body).split("\n").filter((line) => /^[a-zA-Z_:][^ ]* \S+$/.test(line));
    ledger.expect("NFR5.4", "the metrics endpoint answers with samples", answer.status === 200 && samples.length > 0,
      `${url}: status ${answer.status}, ${samples.length} samples`);
  }
}
