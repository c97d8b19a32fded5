// A script with two ledgers, for the test that the second one is refused.
import { Ledger } from "k6/x/trust";

new Ledger({ script: "smoke_single", records: 1000 });
new Ledger({ script: "smoke_single", records: 10 });
export default function () {}
