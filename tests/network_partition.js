// S10 network partition: clients lose one broker, then hear one no more that still hears them, then all but one. What the others
// lead goes on meanwhile; then all is healed: nothing may be lost or doubled, and every partition and reader goes on.
// judges: F2.1 F2.2 F3.4 F3.5 NFR1.5 NFR2.1 NFR2.2 NFR4.4
// Pass: ./k6 run tests/network_partition.js     Fail: K6_LIE=stay-stuck ./k6 run tests/network_partition.js
import exec from "k6/execution";
import { Target } from "k6/x/chaos";
import { profile } from "k6/x/trust";
import { contract, milliseconds, once, pause } from "./lib/contract.js";

const partitions = 3;
const during = 1500; // records to each partition while brokers are cut off
const after = 100; // and when all is healed
const { ledger, options: withThresholds, setup, judge } = contract({
  script: "network_partition",
  records: partitions * (during + after),
  partitions,
  needs: ["wire"],
});
const target = new Target();
const patience = milliseconds(profile().limits.stuck) + 2000; // what takes longer is stuck

export const options = withThresholds({
  send: once("send", partitions),
  cut: { ...once("cut"), startTime: "1s" }, // when traffic flows
  read: once("read"),
});
export { setup, judge as teardown };

/** send keeps one partition busy: whoever leads it, and is not cut off, must go on. */
export async function send() {
  const partition = exec.scenario.iterationInTest;
  for (let sent = 0; sent < during; sent += 10) {
    const { acked } = await ledger.produce({ partition, records: 10, timeout: patience });
    if (acked < 10) {
      return; // the ledger knows of it
    }
    await pause(100);
  }
}

export async function cut() {
  if (ledger.stopped()) {
    return;
  }
  const brokers = await target.brokers();
  await together([{ broker: brokers[0], action: "blackhole" }]);
  await together([{ broker: brokers[1 % brokers.length], on: "response", action: "blackhole" }]); // heard, and silent
  await together(brokers.slice(1).map((broker) => ({ broker, action: "blackhole" })));

  for (let partition = 0; partition < partitions; partition++) {
    const { acked } = await ledger.produce({ partition, records: after, timeout: patience });
    ledger.expect("NFR1.5", `partition ${partition} takes records again`, acked === after, `${acked} of ${after} were acked`);
  }
}

/**
 * together injects faults at once, and ends them two seconds after the last of them has begun to hit.
 * @param {import("k6/x/chaos").KafkaFault[]} specs
 */
async function together(specs) {
  const faults = await Promise.all(specs.map((spec) => target.inject(spec)));
  await Promise.all(faults.map((fault) => fault.waitHits(1)));
  await pause(2000);
  await Promise.all(faults.map((fault) => fault.stop()));
}

export async function read() {
  await ledger.consume({ group: `${ledger.run}-readers` });
}
