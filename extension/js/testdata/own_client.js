// A script that says itself where the cluster is, and who it is.
import { Producer } from "k6/x/kafka";

const producer = new Producer(JSON.parse(__ENV.CLIENT));

export default async function () {
  try {
    await producer.send({ topic: "t", value: "v" });
    console.log("sent");
  } catch (e) {
    console.log(`refused: ${e instanceof Error ? e.message : e}`);
  }
}
