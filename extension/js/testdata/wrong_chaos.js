// What cannot be done to a target: each says why, and nothing is done.
import { Target } from "k6/x/chaos";
import { contract, once } from "../../../tests/lib/contract.js";

const { ledger, options: withThresholds, setup, judge } = contract({ script: "diagnose", records: 20 });
const target = new Target();
export const options = withThresholds({ main: once("main") });
export { setup, judge as teardown };

export async function main() {
  await ledger.produce({ records: 20 });
  /** @type {[string, () => any][]} */
  const wrong = [
    ["no such broker", () => target.inject({ broker: 99, action: "kill" })],
    ["no such topic", () => target.inject({ broker: { leaderOf: { topic: "nobody", partition: 0 } }, action: "kill" })],
    ["as many already", () => target.inject({ action: "scale", brokers: 3 })],
    ["two at once", async () => {
      const first = await target.inject({ broker: 0, action: "pause" });
      await target.inject({ broker: 0, action: "kill" }).finally(() => first.stop());
    }],
    ["key", () => target.inject(/** @type {any} */ ({ broker: "any", action: "kill", fro: "1s" }))],
    ["storage", () => target.inject({ storage: "GetObject", action: "late", delay: "1s" })],
    ["can", () => target.can(/** @type {any} */ ("kil"))],
    ["plan", () => target.plan(/** @type {any} */ ({ from: [] }))],
    ["every", () => ledger.produce({ every: "1s" })],
    ["until", () => ledger.consume({ until: /** @type {any} */ ("ends") })],
    ["crash", () => ledger.consume({ crash: true })],
    ["watch", () => ledger.watch(/** @type {any} */ ({ evry: "1s" }))],
  ];
  for (const [what, attempt] of wrong) {
    try {
      await attempt();
      console.log(`accepted ${what}`);
    } catch (e) {
      console.log(`refused ${what}: ${e instanceof Error ? e.message : e}`);
    }
  }
  await ledger.consume();
}
