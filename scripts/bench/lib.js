// What the benchmark scripts share: each virtual user times its own loop, and the summary says how long the slowest took.
import { Trend } from "k6/metrics";

const took = new Trend("bench_ms");

/** options run `main` once in each of 4 virtual users. */
export const options = {
  scenarios: { main: { executor: "per-vu-iterations", exec: "main", vus: 4, iterations: 1, maxDuration: "10m" } },
};

/**
 * timed runs the loop that is measured.
 * @param {() => Promise<void>} loop
 */
export async function timed(loop) {
  const start = Date.now();
  await loop();
  took.add(Date.now() - start);
}

/**
 * handleSummary writes how long the slowest virtual user took, in milliseconds, to the file that BENCH_OUT names.
 * @param {{ metrics: Record<string, { values: Record<string, number> }> }} data
 */
export function handleSummary(data) {
  return { [__ENV.BENCH_OUT]: JSON.stringify({ ms: data.metrics.bench_ms.values.max }) };
}
