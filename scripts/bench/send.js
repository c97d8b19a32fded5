// Benchmark: producer.send of 100 records of 200 bytes, awaited, BENCH_CALLS times.
import { Producer } from "k6/x/kafka";
import { timed } from "./lib.js";

export { handleSummary, options } from "./lib.js";

const producer = new Producer({ brokers: __ENV.BENCH_BROKERS.split(","), topic: __ENV.BENCH_TOPIC });
const batch = Array.from({ length: 100 }, () => ({ value: "x".repeat(200) }));

export async function main() {
  await producer.send(batch); // connects
  await timed(async () => {
    for (let i = 0; i < Number(__ENV.BENCH_CALLS); i++) {
      await producer.send(batch);
    }
  });
}
