package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/internal/graph"
	"k6suite/extension/ledger"
)

// saved returns what is read of a ledger that was written.
func saved(t testing.TB, l *ledger.Ledger) *ledger.Ledger {
	t.Helper()
	data, err := graph.Append(nil, l, l.Began())
	require.NoError(t, err)
	back := ledger.New(ledger.Options{})
	require.NoError(t, graph.Read(data, back, l.Began()))
	return back
}

// A ledger that was read back is a ledger: what is recorded after that counts as ever.
func TestASavedLedgerGoesOn(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	p := h.producer()
	h.sends(p, 0, 3000) // several pages
	h.outcome(p.Make(nil, 60), ledger.Unknown, 0, "REQUEST_TIMED_OUT")
	h.l = saved(t, h.l)
	require.Equal(t, int64(3000), h.l.Counts().Acked)
	require.Equal(t, int64(1), h.l.Counts().Unknown)
	highest, ok := h.l.HighestAcked(tp(0))
	require.True(t, ok)
	require.Equal(t, int64(2999), highest)
	h.logs[0][2000] = nil
	h.finish()
	require.Equal(t, []ledger.Code{ledger.LostAcked}, codes(h.l.Judge(h.options)))
}
