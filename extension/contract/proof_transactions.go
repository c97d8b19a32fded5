package contract

import (
	"fmt"
	"strings"
)

// Proofs that rest on transactions.

// isolated wants transactions that were committed and such that were not, and all of the first and none of the second shown to readers of
// what is committed; ABORTED_READ, UNCOMMITTED_READ and TORN_TXN say where that was not so.
func isolated(m Measured) (string, bool) {
	t := m.Transactions
	switch {
	case t.CommittedReads == 0:
		return "nobody read all that is committed when all was over", false
	case t.Whole == 0:
		return "no transaction with several records was committed and shown whole", false
	case t.Aborted == 0:
		return "no transaction was aborted", false
	case t.Hidden == 0:
		return "no acked record of a transaction that was not committed stayed hidden", false
	}
	others := []string{times(t.Aborted, "aborted one")}
	if t.Abandoned > 0 {
		others = append(others, times(t.Abandoned, "abandoned one"))
	}
	if t.Unknown > 0 {
		others = append(others, count(t.Unknown)+" of unknown outcome")
	}
	return fmt.Sprintf("%s committed, %s of several records shown whole; %s acked records of %s hidden from %s of what is committed",
		times(t.Committed, "transaction"), count(t.Whole), count(t.Hidden), strings.Join(others, ", "),
		times(t.CommittedReads, "complete read")), true
}

// exactlyOnce wants source records with exactly one output, some of them processed again after a crash or an abort; EOS_DOUBLE says where
// there was another number.
func exactlyOnce(m Measured) (string, bool) {
	t := m.Transactions
	switch {
	case t.CommittedReads == 0:
		return "nobody read all that is committed when all was over", false
	case t.Processed == 0:
		return "nothing was consumed, transformed and produced", false
	case t.Redone == 0:
		return "no record had to be processed again: neither a crash nor an abort came between", false
	}
	return fmt.Sprintf("%s source records have exactly one output each, %s of them although an earlier one was not committed",
		count(t.Processed), count(t.Redone)), true
}
