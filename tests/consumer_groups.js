// S9 consumer groups: while records flow, a group with more members than partitions, one of whose members crashes, and storms of members
// that join and leave, by the eager and by the cooperative protocol. Each partition has one owner, who has none to own idles, what a dead
// member owned goes on with others, nothing is skipped, and the lag of each group is what its members have left over.
// judges: F1.1 F2.1 F2.2 F2.4 F2.5 F3.4 F3.5 F8.6 F8.7 NFR2.1 NFR2.2 NFR2.5
// Pass: ./k6 run tests/consumer_groups.js       Fail: K6_LIE=double-owner ./k6 run tests/consumer_groups.js
import { Admin } from "k6/x/kafka";
import { contract, once, pause } from "./lib/contract.js";

const partitions = 4;
const longest = "20m"; // finish ends it
const { ledger, options: withThresholds, setup, judge } = contract({ script: "consumer_groups", records: 500, partitions });
const admin = new Admin();

export const options = withThresholds({ write: once("write", 1, longest), main: once("main", 1, longest) });
export { setup, judge as teardown };

export async function write() {
  await ledger.produce({ records: 20, keys: 100, every: "50ms", for: longest, timeout: longest });
}

/** @type {Promise<import("k6/x/trust").Consumed>[]} */
const staying = []; // members that read until the end

/**
 * join has a member read; by default until the end.
 * @param {string} group
 * @param {import("k6/x/trust").ConsumeOptions} [how]
 */
function join(group, how = {}) {
  const read = ledger.consume({ group, until: "end", timeout: longest, heartbeat: "500ms", ...how });
  if (!how.records) {
    staying.push(read);
  }
  return read;
}

export async function main() {
  if (ledger.stopped()) {
    return;
  }
  const [many, orphaned, eager, cooperative, behind] = ["many", "orphaned", "eager", "cooperative", "behind"].map((n) => `${ledger.run}-${n}`);
  let left;
  try {
    await moreThanPartitions(many);
    await crash(orphaned);
    await Promise.all([storm(eager, "range"), storm(cooperative, "cooperative-sticky")]);
    left = await join(behind, { records: 300 });
  } finally {
    await ledger.finish();
  }
  const read = await Promise.all(staying);
  ledger.expect("F2.4", "every group has read all", read.every((r) => r.complete), `${read.map((r) => r.missing)} records missing`);
  for (const group of [many, orphaned, eager, cooperative]) {
    await lagIs(group, 0);
  }
  const all = sum(await admin.listOffsets([ledger.topic]));
  await lagIs(behind, all - left.records);
}

/** @param {string} group */
async function moreThanPartitions(group) {
  const members = partitions + 2;
  for (let i = 0; i < members; i++) {
    join(group);
  }
  const { owners } = await settled(group, members);
  const idle = members - new Set(Object.values(owners).flat()).size;
  ledger.expect("F8.7", "members that are more than the partitions idle", idle === 2, `${idle} of ${members} own nothing of ${partitions} partitions`);
}

/** @param {string} group */
async function crash(group) {
  join(group);
  join(group);
  const died = await join(group, { records: 50, crash: true, sessionTimeout: "6s", timeout: "2m" });
  ledger.expect("F8.7", "the member that is to crash owns partitions", died.records >= 50, `it read ${died.records} records`);
  await settled(group, 2);
}

/**
 * storm has members join, read a little and leave, while one stays.
 * @param {string} group
 * @param {import("k6/x/trust").ConsumeOptions["balancer"]} balancer
 */
async function storm(group, balancer) {
  join(group, { balancer });
  await settled(group, 1);
  for (let round = 0; round < 3; round++) {
    const guests = await Promise.all([1, 2].map(() => join(group, { balancer, records: 20, timeout: "2m" })));
    ledger.expect("F2.4", `${balancer}: who joins gets a share`, guests.every((g) => g.records >= 20), `${guests.map((g) => g.records)} records read`);
  }
  await settled(group, 1);
}

/**
 * settled waits until a group has so many members, and all partitions have an owner.
 * @param {string} group
 * @param {number} members
 */
async function settled(group, members) {
  /** @type {Record<number, string[]>} */
  let owners = {};
  let seen = "";
  await ledger.membersSeen(group, Math.min(members, partitions), "2m"); // before, there may be no coordinator yet
  for (const until = Date.now() + 120_000; Date.now() < until; await pause(100)) {
    const [now] = await admin.describeGroups([group]);
    owners = {};
    for (const { id, assigned } of now.members) {
      for (const partition of assigned[ledger.topic] || []) {
        (owners[partition] ||= []).push(id);
      }
    }
    seen = `${now.state}, ${now.members.length} members, partition: owners ${JSON.stringify(owners)}`;
    if (now.state === "Stable" && now.members.length === members && Object.keys(owners).length === partitions) {
      break;
    }
  }
  const one = Object.keys(owners).length === partitions && Object.values(owners).every((o) => o.length === 1);
  ledger.expect("F8.7", `each partition has one owner among ${members} members`, one, `group ${group}: ${seen}`);
  return { owners };
}

/**
 * lagIs compares what the target says of a group with what its members have left over.
 * @param {string} group
 * @param {number} wanted
 */
async function lagIs(group, wanted) {
  const [end, committed] = [sum(await admin.listOffsets([ledger.topic])), sum(await admin.committedOffsets(group))];
  const lag = await admin.lag(group, [ledger.topic]);
  ledger.expect("F8.6", "lag is end minus committed, and what was not read", lag === end - committed && lag === wanted,
    `group ${group}: lag ${lag}, ends ${end}, committed ${committed}, ${wanted} records left over`);
}

/** @param {import("k6/x/kafka").Offsets} offsets */
function sum(offsets) {
  return Object.values(offsets[ledger.topic] || {}).reduce((all, offset) => all + Number(offset), 0);
}
