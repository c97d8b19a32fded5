// A script that makes, sends and reads its own records, and has the ledger track them.
import { Consumer, Producer } from "k6/x/kafka";
import { contract, once } from "../../../tests/lib/contract.js";

const records = 1000;
const { ledger, options: withThresholds, setup, judge } = contract({ script: "diagnose", records, partitions: 1 });
const producer = new Producer({ topic: ledger.topic });
const consumer = new Consumer({ topics: [ledger.topic] });
export const options = withThresholds({ main: once("main") });
export { setup, judge as teardown };

export async function main() {
  const batch = [];
  for (let i = 0; i < records; i++) {
    const headers = [{ key: "a", value: "1" }, { key: "a", value: "2" }];
    const value = i % 100 === 0 ? null : JSON.stringify({ i });
    batch.push(ledger.stamp({ key: `k${i % 10}`, value, headers }));
  }
  await producer.send(batch);
  for (let seen = 0; seen < records + 1; ) {
    const got = await consumer.poll({ max: 200, timeout: "5s" });
    got.forEach((record) => ledger.seen(record));
    seen += got.length;
  }
  await consumer.close();
}
