// S9 delivery semantics: transactions. Several producers commit and abort, each transaction over all partitions; a processor consumes what is
// committed, produces its output in transactions that hold how far it has come, and crashes in the middle of one; readers of both isolation
// levels follow. In the end what was committed is shown whole, what was not is hidden, and each source record has exactly one output.
// judges: F8.3 F8.4
// Pass: ./k6 run tests/transactions.js   Fail: K6_LIE=torn-commit ./k6 run tests/transactions.js
import exec from "k6/execution";
import { profile } from "k6/x/trust";
import { contract, once, pause } from "./lib/contract.js";

const writers = 3, rounds = 36, size = 12; // transactions of a writer, and records of each
const claimed = profile().claims.transactions;
const { ledger, options: withThresholds, setup, judge } = contract({
  script: "transactions", records: claimed ? writers * rounds * size : 500, partitions: 3, topics: ["in", "out"],
});
const group = `${ledger.run}-processor`;

export const options = withThresholds(claimed
  ? { write: once("write", writers), process: once("process"), committed: once("committed"), all: once("all") }
  : { plain: once("plain") });
export { setup, judge as teardown };

export async function write() {
  const outcomes = { committed: 0, aborted: 0, unknown: 0, "": 0 };
  for (let round = 0; round < rounds; round++) {
    // Every third is aborted, and some stay open for a while: whoever reads what is committed must wait.
    const hold = round % 4 === exec.scenario.iterationInTest ? "700ms" : "20ms";
    const { outcome } = await ledger.transact({ records: size, abort: round % 3 === 2, hold });
    outcomes[outcome] += 1;
  }
  ledger.expect("F8.3", "transactions end as they were asked to", outcomes.committed === (rounds * 2) / 3,
    `${outcomes.committed} committed, ${outcomes.aborted} aborted, ${outcomes.unknown} of unknown outcome`);
}

export async function process() {
  const first = await ledger.transform({ group, batch: 30, abortEvery: 4, crashAfter: 6, timeout: "3m" });
  if (first.stopped) {
    return;
  }
  ledger.expect("F8.4", "a processor crashes in the middle of a transaction", first.crashed, `after ${first.committed} committed ones`);
  await pause(500);
  const second = await ledger.transform({ group, batch: 30, abortEvery: 4, timeout: "3m" });
  ledger.expect("F8.4", "one that comes after it goes on", second.complete && second.records > 0,
    `${second.records} source records in ${second.committed} transactions`);
}

export async function committed() {
  for (let reader = 0; reader < 4; reader++) {
    await ledger.consume({ isolation: "read_committed", for: "3s" }); // each begins at the start of the log
  }
}

export const all = () => ledger.consume({ timeout: "3m" });

export async function plain() {
  await ledger.produce({ records: 500 }); // NOT CLAIMED
}
