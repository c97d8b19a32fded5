// Faults that cannot be: each throws where it is made.
import { Target } from "k6/x/chaos";

export const options = { iterations: 1 };
const target = new Target();

export default async function () {
  /** @type {any[]} */
  const wrong = [
    { api: "Produce", action: "dorp" },
    { api: "Produce", topik: "t", action: "drop" },
    { api: "Heartbeat", action: "drop" },
    "drop",
    undefined,
  ];
  for (const spec of wrong) {
    try {
      await target.inject(spec);
      console.log("accepted");
    } catch (e) {
      console.log(`refused: ${e instanceof Error ? e.message : e}`);
    }
  }
}
