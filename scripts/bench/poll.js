// Benchmark: consumer.poll of one partition per virtual user, from its start to its end.
import { vu } from "k6/execution";
import { Consumer } from "k6/x/kafka";
import { timed } from "./lib.js";

export { handleSummary, options } from "./lib.js";

export async function main() {
  const consumer = new Consumer({
    brokers: __ENV.BENCH_BROKERS.split(","),
    partitions: { [__ENV.BENCH_TOPIC]: [vu.idInTest - 1] },
  });
  let got = (await consumer.poll({ max: 1 })).length; // connects
  await timed(async () => {
    while (got < Number(__ENV.BENCH_RECORDS)) {
      got += (await consumer.poll({ max: 1000, timeout: "10s" })).length;
    }
  });
  await consumer.close();
}
