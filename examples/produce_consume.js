// Send records and read them back, with the Kafka client alone: nothing is tracked and nothing judged.
// Run: ./k6 run examples/produce_consume.js     On another target: K6_PROFILE=kafka-local ./k6 run examples/produce_consume.js
import { Counter } from "k6/metrics";
import { Admin, Consumer, Producer } from "k6/x/kafka";

const topic = `example-${Date.now()}`;
const records = 300;
const readBack = new Counter("records_read_back");

// Clients are made in the init context and connect with their first call. Without `brokers` they go where the profile says.
const admin = new Admin();
const producer = new Producer({ compression: "zstd" });

export const options = {
  thresholds: { records_read_back: [`count==${records}`] }, // an exception in the default function alone would exit with 0
};

export async function setup() {
  readBack.add(0); // k6 looks at a threshold once its metric has a sample
  await admin.createTopics([{ topic, partitions: 3, configs: { "max.message.bytes": 1_000_000 } }]);
  return { topic }; // the init context runs for each virtual user: the name of the one that was created counts
}

/** @param {{ topic: string }} made */
export default async function (made) {
  const batch = Array.from({ length: records }, (_, i) => ({
    topic: made.topic,
    key: `customer-${i % 10}`,
    value: JSON.stringify({ order: i }),
    headers: [{ key: "source", value: "example" }],
  }));
  const acknowledged = await producer.send(batch); // one result per record; rejects if any was not acknowledged
  console.log(`the first stands at offset ${acknowledged[0].offset} of partition ${acknowledged[0].partition}`);

  const consumer = new Consumer({ topics: [made.topic], group: `${made.topic}-readers`, keyAs: "string", valueAs: "json" });
  const orders = new Set();
  while (orders.size < records) {
    const got = await consumer.poll({ max: 100, timeout: "10s" });
    if (got.length === 0) {
      throw new Error(`${orders.size} of ${records} records came within 10 s`);
    }
    got.forEach((record) => orders.add(record.value.order));
  }
  await consumer.commit();
  await consumer.close();
  readBack.add(orders.size);
}

/** @param {{ topic: string }} made */
export async function teardown(made) {
  await admin.deleteTopics([made.topic]);
}
