// S3 correctness: a real consumer group. Two members share the partitions; one leaves in the middle; the other takes over
// and goes on from the committed offsets; in the end nothing is missing and nothing lags.
// judges: F1.1 F1.2 F1.4 F2.1 F2.2 F2.4 F2.5 F2.6 F3.1 F3.2 F3.4 F3.5 F6.1 F6.2 NFR2.1 NFR2.2 NFR2.3 NFR2.4 NFR2.5 NFR5.1 NFR5.2 NFR5.3
// Pass: ./k6 run tests/smoke_consumer_group.js  Fail: K6_LIE=skip-batch ./k6 run tests/smoke_consumer_group.js
import { sleep } from "k6";
import { Admin } from "k6/x/kafka";
import { contract, once } from "./lib/contract.js";

const records = 2000;
const { ledger, options: withThresholds, setup, judge } = contract({ script: "smoke_consumer_group", records, partitions: 4 });
const group = `${ledger.run}-members`;
const admin = new Admin();

export const options = withThresholds({
  produce: once("produce"),
  stay: once("stay"),
  leave: once("leave"),
});
export { setup, judge as teardown };

export async function produce() {
  const both = await ledger.membersSeen(group, 2, "60s"); // nothing to read before both members have partitions
  ledger.expect("F2.4", "two members of a group share its partitions", both, `two members ${both ? "had" : "never had"} partitions`);
  const { stopped } = await ledger.produce({ records: records / 2, keys: 100 });
  // The second half comes when one has left: else the other could be done before it has to take over.
  while (!stopped && (await admin.describeGroups([group]))[0].members.length > 1) {
    sleep(0.1);
  }
  await ledger.produce({ records: records / 2, keys: 100 });
}

export async function leave() {
  const read = await ledger.consume({ group, records: 100 }); // reads a little, commits, leaves
  ledger.expect("F2.4", "a member reads its share", read.records >= 100, `the one that left read ${read.records} records`);
}

export async function stay() {
  const read = await ledger.consume({ group });
  if (read.stopped) {
    return;
  }
  ledger.expect("F2.4", "the group is rebalanced when a member leaves", read.rebalances >= 2,
    `the member that stayed saw ${read.rebalances} assignments`);

  const lag = await admin.lag(group, [ledger.topic]);
  ledger.expect("F2.4", "after the last commit the group has no lag", lag === 0, `lag is ${lag}`);
}
