// S8 permissions: every operation, on what belongs to a principal and on what does not. Who may is served, or a refusal proves nothing; who
// may not is told so by the error that says it, gets nothing, changes nothing, and does not learn what others have.
// judges: F7.1 F7.2 F7.3 F7.4
// Pass: ./k6 run tests/permission_boundary.js   Fail: K6_LIE=acl-leaks-fetch ./k6 run tests/permission_boundary.js
import { profile } from "k6/x/trust";
import { contract, once } from "./lib/contract.js";

const { ledger, options: withThresholds, setup, judge } = contract({ script: "permission_boundary", records: 3, partitions: 3 });

export const options = withThresholds({ main: once("main") });
export { setup, judge as teardown };

export async function main() {
  await ledger.produce({ records: 100 });
  await ledger.consume();
  if (!profile().claims.acls) {
    return; // NOT CLAIMED
  }
  const { principals, requests, notes } = await ledger.access({ timeout: "5s" }); // its matrix is printed with the verdict
  console.log(`${principals.join(" and ")} have asked for ${requests} things`);
  notes.forEach((note) => console.log(note));
}
