// Benchmark: ledger.produce of BENCH_RECORDS records of 200 bytes on the embedded target, or on that of K6_PROFILE.
import { Ledger } from "k6/x/trust";
import { timed } from "./lib.js";

export { handleSummary, options } from "./lib.js";

const ledger = new Ledger({ script: "produce_consume", partitions: 4 });

export const setup = () => ledger.prepare();

export async function main() {
  await ledger.produce({ records: Number(__ENV.BENCH_RECORDS) / 4, size: 200, batchSize: 1_000_000 }); // connects, and warms up
  await timed(async () => {
    await ledger.produce({ records: Number(__ENV.BENCH_RECORDS), size: 200, batchSize: 1_000_000 });
  });
}
