// What scenarios share that disturb the target: how long they take, and the traffic that goes on meanwhile.
import exec from "k6/execution";
import { once, pause } from "./contract.js";

const length = __ENV.K6_CHAOS_LENGTH || "short";
if (length !== "short" && length !== "full") {
  throw new Error(`K6_CHAOS_LENGTH=${length}: "short", about 30 s a script, or "full", as long as SPEC says`);
}

/**
 * seconds gives one of two spans, by K6_CHAOS_LENGTH.
 * @param {number} short
 * @param {number} full
 */
export const seconds = (short, full) => (length === "full" ? full : short);

/** Members of the group that reads while a target is disturbed. */
const members = 2;

/** @param {import("k6/x/trust").Ledger} ledger */
const groupOf = (ledger) => `${ledger.run}-readers`;

/**
 * traffic goes on while a target is disturbed: a producer for each of so many partitions and two more that go by keys, or as many as
 * `keyed` says, and readers of every kind: a group, one that has all partitions to itself, and one that only asks where the logs end.
 * @param {import("k6/x/trust").Ledger} ledger
 * @param {{ partitions: number, keyed?: number, records?: number, every?: string, size?: number }} terms
 */
export function traffic(ledger, { partitions, keyed = 2, records = 5, every = "50ms", size = 200 }) {
  const longest = "20m"; // finish ends it
  return {
    scenarios: { write: once("write", partitions + keyed, longest), readGroup: once("readGroup", members, longest),
      readAll: once("readAll", 1, longest), listEnds: once("listEnds", 1, longest) },
    write: async () => {
      const me = exec.scenario.iterationInTest;
      const where = me < partitions ? { partition: me } : { keys: 50 };
      await ledger.produce({ ...where, records, every, size, for: longest, timeout: longest });
    },
    readGroup: () => ledger.consume({ group: groupOf(ledger), until: "end", timeout: longest }),
    readAll: () => ledger.consume({ until: "end", timeout: longest }),
    listEnds: () => ledger.watch({ timeout: longest }),
  };
}

/**
 * disturbed runs the steps of a scenario while traffic flows: first undisturbed, which is the control, and after them until every
 * partition had time to recover. It does nothing where the run is stopped.
 * @param {import("k6/x/trust").Ledger} ledger
 * @param {() => Promise<void>} steps
 */
export function disturbed(ledger, steps) {
  return async () => {
    if (ledger.stopped()) {
      return;
    }
    try {
      await ledger.membersSeen(groupOf(ledger), members); // that they join is no rebalance that a fault has brought about
      await pause(seconds(3, 10) * 1000);
      await steps();
      await pause(seconds(3, 10) * 1000);
      await ledger.recovered(); // on a busy machine that may take longer; what never does is judged
    } finally {
      await ledger.finish();
    }
  };
}
