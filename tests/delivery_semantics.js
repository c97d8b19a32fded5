// S9 delivery semantics: a producer loses answers and sends again what was written; members of groups crash, one that commits after it has
// processed (at least once) and one that commits before (at most once); groups without an offset begin where offset reset says, and so do
// groups whose offset was deleted. Exactly once is the matter of transactions.js.
// judges: F2.4 F8.1 F8.2 F8.5 F8.6
// Pass: ./k6 run tests/delivery_semantics.js    Fail: K6_LIE=lose-commit ./k6 run tests/delivery_semantics.js
import { Admin } from "k6/x/kafka";
import { profile } from "k6/x/trust";
import { contract, once } from "./lib/contract.js";

const partitions = 3;
const rounds = { behind: 60, crash: 140, late: 50, trimmed: 50 }; // records to each partition
const { ledger, options: withThresholds, setup, judge } = contract({
  script: "delivery_semantics", partitions, records: partitions * sum(Object.values(rounds)),
});
const admin = new Admin();
const { idempotence, groups } = profile().claims;

export const options = withThresholds({ main: once("main", 1, "20m") });
export { setup, judge as teardown };

export async function main() {
  if (ledger.stopped()) {
    return;
  }
  await send(rounds.behind);
  if (!groups) {
    await send(rounds.crash + rounds.late + rounds.trimmed, 2);
    return; // all but F8.2 is NOT CLAIMED
  }
  const [, behind] = await Promise.all(["earliest", "latest", "none"].map((policy) => join(`behind-${policy}`)));
  await send(rounds.crash, 2);
  await none("none", "NO_OFFSET", "nothing is committed");
  const mostOnce = atMostOnce();
  await Promise.all([mostOnce, atLeastOnce(mostOnce), earliest()]);
  await latest("latest", rounds.late, 0);
  await trimmed(behind.resets);
}

/**
 * send sends so many records to each partition. Where the target promises idempotence, answers are lost on the way.
 * @param {number} records
 * @param {number} [lost] answers of each partition
 */
async function send(records, lost = 0) {
  for (let partition = 0; partition < partitions; partition++) {
    const loseAnswers = idempotence ? lost : 0;
    const sent = await ledger.produce({ partition, records, batchSize: 2048, loseAnswers, timeout: "2m" });
    if (loseAnswers) {
      ledger.expect("F8.2", "what is sent again, for its answer was lost, is acked", sent.acked === records,
        `partition ${partition}: ${sent.acked} of ${records} records acked, ${sent.lost} answers lost`);
    }
  }
}

/**
 * join reads as a member of a group of the run; by default all that is acked.
 * @param {string} group
 * @param {import("k6/x/trust").ConsumeOptions} [how]
 */
function join(group, how = {}) {
  const common = { until: /** @type {const} */ ("acked"), timeout: "5m", heartbeat: "500ms", sessionTimeout: "6s" };
  return ledger.consume({ ...common, group: `${ledger.run}-${group}`, offsetReset: "earliest", ...how });
}

/** @param {Promise<void>} others whose turn is first, so that a lie that is told once is told to them */
async function atLeastOnce(others) {
  const died = await join("at-least-once", { records: 100, crash: true });
  await others;
  const next = await join("at-least-once");
  ledger.expect("F8.1", "who comes after a crash gets all that is left", next.complete, `${next.missing} records missing`);
  ledger.expect("F8.1", "what was processed and not committed is given again", died.uncommitted > 0 && next.again >= died.uncommitted,
    `${died.uncommitted} were not committed by the member that crashed, ${next.again} came again: ${next.repeated}`);
  const group = `${ledger.run}-at-least-once`;
  const [ends, committed, lag] = [await admin.listOffsets([ledger.topic]), await admin.committedOffsets(group), await admin.lag(group, [ledger.topic])];
  ledger.expect("F8.6", "the lag is what is left over: nothing", lag === 0 && total(ends) === total(committed),
    `group ${group}: lag ${lag}, ends ${total(ends)}, committed ${total(committed)}`);
}

async function atMostOnce() {
  const died = await join("at-most-once", { commit: "before", records: 100, crash: true });
  const next = await join("at-most-once", { commit: "before" });
  ledger.expect("F2.4", "at most once: nothing that was committed is given again", died.unprocessed > 0 && next.again === 0,
    `${next.again} records came again: ${next.repeated}; ${died.unprocessed} were committed and never processed, for a member crashed`);
  ledger.expect("F2.4", "at most once: nothing is left out but what was committed", next.complete, `${next.missing} records missing`);
}

async function earliest() {
  const read = await join("earliest");
  ledger.expect("F8.5", "earliest: a group without an offset reads all", read.complete, `${read.missing} records missing`);
}

/**
 * none has a group begin that is not to choose an offset.
 * @param {string} group
 * @param {string} error
 * @param {string} why
 */
async function none(group, error, why) {
  const read = await join(group, { offsetReset: "none" });
  ledger.expect("F8.5", `none: ${why}, and the reader is told so`, read.refused.includes(error) && read.records === 0,
    `${read.records} records, and it was told: ${read.refused || "nothing"}`);
}

/**
 * latest has a group begin at the end, and gives it records once it is there.
 * @param {string} group
 * @param {number} records to each partition
 * @param {number} resets that the group has seen before
 */
async function latest(group, records, resets) {
  const reading = join(group, { offsetReset: "latest", records: partitions * records });
  const sent = ledger.resetsSeen(`${ledger.run}-${group}`, resets + partitions, "1m");
  if (!(await Promise.race([sent, reading.then(() => true)]))) {
    throw new Error(`${group}: within a minute it was not told where the log ends`); // INCONCLUSIVE
  }
  await send(records, 2);
  const read = await reading;
  ledger.expect("F8.5", "latest: a group gets what is sent once it is there", read.records >= partitions * records,
    `${read.records} records of ${partitions * records}`);
}

/**
 * trimmed deletes what the groups that are behind would read next.
 * @param {number} resets that they have seen before
 */
async function trimmed(resets) {
  const ends = (await admin.listOffsets([ledger.topic]))[ledger.topic];
  const before = Object.fromEntries(Object.entries(ends).map(([partition, end]) => [partition, Math.floor(end * 0.3)]));
  const starts = await ledger.trim({ [ledger.topic]: before });
  const left = sum(Object.values(ends)) - total(starts);
  const read = await join("behind-earliest", { records: left });
  ledger.expect("F8.5", "earliest: a group whose offset was deleted reads what is left", read.records === left, `${read.records} of ${left} records`);
  await none("behind-none", "OFFSET_OUT_OF_RANGE", "its offset was deleted");
  await latest("behind-latest", rounds.trimmed, resets);
}

/** @param {import("k6/x/kafka").Offsets} offsets */
function total(offsets) {
  return sum(Object.values(offsets[ledger.topic] || {}));
}

/** @param {unknown[]} numbers */
function sum(numbers) {
  return numbers.reduce((/** @type {number} */ all, one) => all + Number(one), 0);
}
