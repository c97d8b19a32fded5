// What every scenario shares: one ledger, options whose thresholds make a FAIL or an INCONCLUSIVE an exit code, and the
// judgement at the end. A script says what it sends and how it reads; the profile says where.
import { check } from "k6";
import { setTimeout } from "k6/timers";
import { Ledger } from "k6/x/trust";

/**
 * contract gives a scenario its ledger and the functions that k6 calls around it.
 * @param {import("k6/x/trust").LedgerOptions} terms
 */
export function contract(terms) {
  const ledger = new Ledger(terms);
  return {
    ledger,

    /**
     * options of the script: its scenarios, and the thresholds that turn the verdict into k6's exit code.
     * @param {Record<string, import("k6/options").Scenario>} scenarios
     * @returns {import("k6/options").Options}
     */
    options: (scenarios) => ({
      scenarios,
      setupTimeout: "3m", // a target of several processes that k6 starts takes its time on a busy machine
      teardownTimeout: "10m", // complete final reads take their time, and k6 stops a teardown after 60 s otherwise
      thresholds: {
        trust_verdicts: ["count==1"], // a run that nobody judged has not passed
        trust_findings: ["count==0"],
        trust_inconclusive: ["count==0"],
        checks: ["rate==1"],
      },
      tags: { script: terms.script },
    }),

    /** setup reaches the target, creates the topic and proves that the healthy path works. */
    setup: () => ledger.prepare(),

    /** judge drains, reads everything again, audits the bucket and gives each requirement its verdict. */
    judge: async () => {
      const verdict = await ledger.judge();
      for (const { id, title, status } of verdict.requirements) {
        check(status, { [`${id} ${title}`]: (s) => s === "PASS" || s === "NOT CLAIMED" });
      }
    },
  };
}

/**
 * once runs a function one time in each of `vus` virtual users.
 * @param {string} exec name of the exported function
 * @param {number} [vus]
 * @param {string} [maxDuration]
 * @returns {import("k6/options").Scenario}
 */
export function once(exec, vus = 1, maxDuration = "5m") {
  return { executor: "per-vu-iterations", exec, vus, iterations: 1, maxDuration };
}

/**
 * milliseconds reads a duration as profiles have them: "250ms", "5s", "1m30s".
 * @param {string | number} duration
 */
export function milliseconds(duration) {
  /** @type {Record<string, number>} */
  const units = { h: 3600000, m: 60000, s: 1000, ms: 1 };
  return [...String(duration).matchAll(/([\d.]+)(ms|h|m|s)/g)].reduce((sum, [, n, unit]) => sum + Number(n) * units[unit], 0);
}

/**
 * pause lets time pass without holding up what else the virtual user awaits, as sleep would.
 * @param {number} ms
 */
export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
