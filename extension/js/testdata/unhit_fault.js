// A fault on a topic that nobody uses.
import { Target } from "k6/x/chaos";
import { contract, once } from "../../../tests/lib/contract.js";

const { ledger, options: withThresholds, setup, judge } = contract({ script: "smoke_single", records: 1000 });
const target = new Target();

export const options = withThresholds({ main: once("main") });
export { setup, judge as teardown };

export async function main() {
  await target.inject({ api: "Produce", topic: "nobody-*", action: "disconnect" });
  await ledger.produce({ records: 1000, keys: 100 });
  await ledger.consume();
}
