package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

func asked(inScope bool, outcome ledger.AccessOutcome, effect string) ledger.AccessSeen {
	return ledger.AccessSeen{
		Who: "bob", Operation: "fetch", Resource: "topic hers", Aspect: ledger.AccessRead, InScope: inScope, Outcome: outcome,
		Detail: "as it was", Effect: effect,
	}
}

func TestAccess(t *testing.T) {
	t.Parallel()
	const (
		leak    = ledger.Code("ACCESS_LEAK/read")
		refused = ledger.AccessRefused
		unclear = ledger.UnclearRefusal
	)
	seen := func(all ...ledger.AccessSeen) func(h *history) {
		return func(h *history) {
			for _, a := range all {
				h.l.SawAccess(a)
			}
			h.sends(h.producer(), 0, 3)
			h.finish()
		}
	}
	unproven := []ledger.DoubtCode{ledger.AccessUnproven}
	judgeAll(t, []scenario{
		{name: "who may is served, who may not is denied", run: seen(
			asked(true, ledger.AccessGranted, ""), asked(false, ledger.AccessDenied, ""))},
		{name: "who may not is served", codes: fires(leak), total: 1, run: seen(asked(false, ledger.AccessGranted, ""))},
		{name: "who may not is served, seen twice", codes: fires(leak), total: 1, run: seen(asked(false, ledger.AccessGranted, "it is there"))},
		{name: "denied, and done", codes: fires(leak), total: 1, run: seen(asked(false, ledger.AccessDenied, "it is there"))},
		{name: "silent, and done", codes: fires(leak), total: 1, run: seen(asked(false, ledger.AccessTimedOut, "it is there"))},
		{name: "who may is denied", codes: fires(refused), total: 1, run: seen(asked(true, ledger.AccessDenied, ""))},
		{name: "who may has trouble", doubts: unproven, run: seen(asked(true, ledger.AccessFailed, ""))},
		{name: "who may waits", doubts: unproven, run: seen(asked(true, ledger.AccessTimedOut, ""))},
		{name: "another error", codes: fires(unclear), total: 1, run: seen(asked(false, ledger.AccessFailed, ""))},
		{name: "no answer", codes: fires(unclear), total: 1, run: seen(asked(false, ledger.AccessTimedOut, ""))},
		{name: "hung up on", codes: fires(unclear), total: 1, run: seen(asked(false, ledger.AccessDisconnected, ""))},
	})
}

func TestADenialProvesOnlyWhereOthersAreServed(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	h.l.SawAccess(asked(false, ledger.AccessDenied, ""))
	require.Equal(t, ledger.AccessEvidence{Unproven: 1}, h.l.Judge(h.options).Evidence.Access)
	h.l.SawAccess(asked(true, ledger.AccessGranted, ""))
	for _, aspect := range []string{ledger.AccessWrite, ledger.AccessExistence} {
		a := asked(false, ledger.AccessDenied, "")
		a.Aspect = aspect
		h.l.SawAccess(a)
	}
	h.l.SawAccess(asked(false, ledger.AccessDenied, "it is there")) // shows nothing but the leak
	require.Equal(t, ledger.AccessEvidence{Granted: 1, Reads: 1, Writes: 1, Existing: 1}, h.l.Judge(h.options).Evidence.Access)
}

func TestALeakSaysWhoCouldWhat(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	h.l.SawAccess(asked(false, ledger.AccessGranted, ""))
	found := h.l.Judge(h.options).Findings
	require.Len(t, found, 1)
	require.Equal(t, "ACCESS_LEAK/read", found[0].Rule())
	require.Equal(t, "bob may not fetch (topic hers), and could: as it was", found[0].Detail)
	require.Equal(t, "bob", found[0].Reader)
	require.NotEmpty(t, found[0].Time)
}
