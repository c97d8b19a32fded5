// S9 consumer groups: while records flow, a group with more members than partitions, one of whose members crashes, and storms of members
// that join and leave: by the classic protocol, eager and cooperative, and, where the profile claims serverSideGroups, by the one with
// which the coordinator runs the group (KIP-848). Each partition has one owner, who has none to own idles, what a dead member owned goes on
// with others, nothing is skipped, and the lag of each group is what its members have left over.
// judges: F1.1 F2.1 F2.2 F2.4 F2.5 F3.4 F3.5 F8.6 F8.7 NFR2.1 NFR2.2 NFR2.5
// Pass: ./k6 run tests/consumer_groups.js       Fail: K6_LIE=double-owner, or double-assignment, ./k6 run tests/consumer_groups.js
import { Admin, Consumer } from "k6/x/kafka";
import { profile } from "k6/x/trust";
import { contract, once, pause } from "./lib/contract.js";

const partitions = 4;
const longest = "20m"; // finish ends it
const { ledger, options: withThresholds, setup, judge } = contract({ script: "consumer_groups", records: 500, partitions });
const admin = new Admin();
const claimed = profile().claims.serverSideGroups;

/**
 * @typedef {object} Way how the members of a group join
 * @property {"classic" | "consumer"} protocol
 * @property {import("k6/x/trust").ConsumeOptions} member
 * @property {import("k6/x/trust").ConsumeOptions} dying
 * @property {import("k6/x/trust").ConsumeOptions[]} storms
 */

/** @type {Way} */
const classic = {
  protocol: "classic", member: { heartbeat: "500ms" }, dying: { heartbeat: "500ms", sessionTimeout: "6s" },
  storms: [{ heartbeat: "500ms", balancer: "range" }, { heartbeat: "500ms", balancer: "cooperative-sticky" }],
};
const coordinator = { protocol: /** @type {const} */ ("consumer") }; // which says the rest by itself
/** @type {Way} */
const serverSide = { protocol: "consumer", member: coordinator, dying: coordinator, storms: [coordinator] };

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
 * @param {import("k6/x/trust").ConsumeOptions} how
 */
function join(group, how) {
  const read = ledger.consume({ group, until: "end", timeout: longest, ...how });
  if (!how.records) {
    staying.push(read);
  }
  return read;
}

export async function main() {
  if (ledger.stopped()) {
    return;
  }
  let lags;
  try {
    const ways = claimed && (await served()) ? [classic, serverSide] : [classic];
    lags = (await Promise.all(ways.map(groups))).flat();
  } finally {
    await ledger.finish();
  }
  const read = await Promise.all(staying);
  ledger.expect("F2.4", "every group has read all", read.every((r) => r.complete), `${read.map((r) => r.missing)} records missing`);
  const all = sum(await admin.listOffsets([ledger.topic]));
  for (const { group, left } of lags) {
    await lagIs(group, left ? all - left : 0);
  }
  if (!claimed) {
    for (const requirement of ["F2.4", "F8.6", "F8.7"]) {
      ledger.expect(requirement, "groups that the coordinator runs (KIP-848)", false, "", ["serverSideGroups"]);
    }
  }
}

/** served looks whether the coordinator runs groups at all, as the profile claims: who cannot join would be waited for in vain. */
async function served() {
  const probe = new Consumer({ topics: [ledger.topic], group: `${ledger.run}-probe`, protocol: "consumer" });
  const refused = await probe.poll({ timeout: "10s" }).then(() => null, (error) => error);
  await probe.close();
  const unknown = refused?.code === "UNSUPPORTED_VERSION"; // all else is for the members to meet
  ledger.expect("F2.4", "the coordinator runs groups that ask for it (KIP-848)", !unknown, unknown ? refused.message : "a member joins");
  return !unknown;
}

/**
 * groups has groups of one way live through all of it. Resolves to them; left is how many records were read where not all were.
 * @param {Way} way
 */
async function groups(way) {
  const [many, orphaned, behind] = ["many", "orphaned", "behind"].map((n) => `${ledger.run}-${way.protocol}-${n}`);
  const stormy = way.storms.map((_, n) => `${ledger.run}-${way.protocol}-storm-${n}`);
  await moreThanPartitions(many, way);
  await crash(orphaned, way);
  await Promise.all(way.storms.map((how, n) => storm(stormy[n], way, how)));
  const { records } = await join(behind, { ...way.member, records: 300 });
  return [...[many, orphaned, ...stormy].map((group) => ({ group, left: 0 })), { group: behind, left: records }];
}

/**
 * @param {string} group
 * @param {Way} way
 */
async function moreThanPartitions(group, way) {
  const members = partitions + 2;
  for (let i = 0; i < members; i++) {
    join(group, way.member);
  }
  const { owners } = await settled(group, members, way);
  const idle = members - new Set(Object.values(owners).flat()).size;
  ledger.expect("F8.7", `${way.protocol}: members that are more than the partitions idle`, idle === 2,
    `${idle} of ${members} own nothing of ${partitions} partitions`);
}

/**
 * @param {string} group
 * @param {Way} way
 */
async function crash(group, way) {
  join(group, way.member);
  join(group, way.member);
  const died = await join(group, { ...way.dying, records: 50, crash: true, timeout: "2m" });
  ledger.expect("F8.7", `${way.protocol}: the member that is to crash owns partitions`, died.records >= 50,
    `it read ${died.records} records`);
  await settled(group, 2, way);
}

/**
 * storm has members join, read a little and leave, while one stays.
 * @param {string} group
 * @param {Way} way
 * @param {import("k6/x/trust").ConsumeOptions} how
 */
async function storm(group, way, how) {
  join(group, how);
  await settled(group, 1, way);
  for (let round = 0; round < 3; round++) {
    const guests = await Promise.all([1, 2].map(() => join(group, { ...how, records: 20, timeout: "2m" })));
    ledger.expect("F2.4", `${how.balancer || way.protocol}: who joins gets a share`, guests.every((g) => g.records >= 20),
      `${guests.map((g) => g.records)} records read`);
  }
  await settled(group, 1, way);
}

/**
 * settled waits until a group has so many members, and all partitions have an owner.
 * @param {string} group
 * @param {number} members
 * @param {Way} way
 */
async function settled(group, members, way) {
  /** @type {Record<number, string[]>} */
  let owners = {};
  let seen = "", doubled = "";
  await ledger.membersSeen(group, Math.min(members, partitions), "2m"); // before, there may be no coordinator yet
  for (const until = Date.now() + 120_000; Date.now() < until; await pause(100)) {
    const [now] = await admin.describeGroups([group]);
    owners = {};
    for (const { id, assigned } of now.members) {
      for (const partition of assigned[ledger.topic] || []) {
        (owners[partition] ||= []).push(id);
      }
    }
    seen = `${now.type}, ${now.state}, ${now.members.length} members, partition: owners ${JSON.stringify(owners)}`;
    if (Object.values(owners).some((o) => o.length > 1)) {
      doubled ||= seen; // the coordinator has said so, at one moment, also in the middle of a rebalance
    }
    const stable = now.type === way.protocol && now.state === "Stable" && now.members.length === members;
    if (stable && Object.keys(owners).length === partitions) {
      break;
    }
  }
  const one = Object.keys(owners).length === partitions && Object.values(owners).every((o) => o.length === 1);
  ledger.expect("F8.7", `${way.protocol}: each partition has one owner among ${members} members`, one && !doubled,
    `group ${group}: ${doubled || seen}`);
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
