// S10 network partition: clients lose one broker, then hear one no more that still hears them, then all but one. Then all is healed:
// nothing may be lost or doubled, and every partition and reader goes on.
// judges: F2.1 F2.2 F3.4 F3.5 NFR1.5 NFR2.1 NFR2.2 NFR4.4
// Pass: ./k6 run tests/network_partition.js     Fail: K6_LIE=stay-stuck ./k6 run tests/network_partition.js
import { Target } from "k6/x/chaos";
import { profile } from "k6/x/trust";
import { contract, milliseconds, once } from "./lib/contract.js";

const partitions = 3;
const records = 3000;
const { ledger, options: withThresholds, setup, judge } = contract({ script: "network_partition", records, partitions });
const target = new Target();
const patience = milliseconds(profile().limits.stuck) + 2000; // what takes longer is stuck

export const options = withThresholds({ main: once("main"), read: once("read") });
export { setup, judge as teardown };

export async function main() {
  const traffic = { sent: 0, over: false };
  const flowing = keepSending(traffic);
  const brokers = await target.brokers();
  const [first, second] = brokers;

  await cut([{ broker: first, action: "blackhole", for: "3s" }]);
  await cut([{ broker: second, on: "response", action: "blackhole", for: "3s" }]); // requests arrive, answers do not
  await cut(brokers.slice(1).map((broker) => ({ broker, action: "blackhole", for: "3s" })));

  traffic.over = true;
  await flowing;
  const share = Math.floor((records - traffic.sent) / partitions);
  for (let partition = 0; partition < partitions; partition++) {
    const rest = partition === 0 ? records - traffic.sent - share * partitions : 0;
    const { acked } = await ledger.produce({ partition, records: share + rest, timeout: patience });
    ledger.expect("NFR1.5", `partition ${partition} takes records again`, acked === share + rest, `${acked} of ${share + rest} were acked`);
  }
}

/**
 * keepSending sends small batches until traffic is over, or as many records were sent as leave some for afterwards.
 * @param {{ sent: number, over: boolean }} traffic
 */
async function keepSending(traffic) {
  while (!traffic.over && traffic.sent < records / 2) {
    traffic.sent += 10;
    await ledger.produce({ records: 10, keys: 100 });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * cut injects faults together and waits until all are over and the traffic has had time to meet them.
 * @param {import("k6/x/chaos").KafkaFault[]} specs
 */
async function cut(specs) {
  const faults = await Promise.all(specs.map((spec) => target.inject(spec)));
  await Promise.all(faults.map((fault) => fault.done));
}

export async function read() {
  await ledger.consume({ group: `${ledger.run}-readers`, timeout: "90s" });
}
