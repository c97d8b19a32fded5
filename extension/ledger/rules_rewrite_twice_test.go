package ledger_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

// Who finds reads that differ must say where, however many rewritten offsets come before: a log that was cut twice has both.
func TestADifferenceAfterManyRewritesHasEvidence(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	p := h.producer()
	h.sends(p, 0, 1000)
	first := h.reader("first")
	for offset := range int64(1000) {
		h.read(first, 0, offset)
	}
	for offset := int64(100); offset < 990; offset++ { // rewritten once: more than the ledger keeps of differences
		h.logs[0][offset] = at(p.Make(nil, 60), offset)
	}
	second := h.reader("second")
	for offset := range int64(1000) {
		h.read(second, 0, offset)
	}
	const twice = 980
	h.logs[0][twice] = at(p.Make(nil, 60), twice)
	h.finish()
	judged := h.l.Judge(h.options)
	at := slices.IndexFunc(judged.Findings, func(f ledger.Finding) bool { return f.Code == ledger.InconsistentOffset })
	require.GreaterOrEqual(t, at, 0)
	found := judged.Findings[at]
	require.Equal(t, int64(twice), found.Offset)
	require.Equal(t, int32(0), found.Partition)
	require.NotEmpty(t, found.Record)
	require.Equal(t, "second", found.Reader)
	require.Contains(t, found.Detail, "an earlier read showed")
	require.Zero(t, found.Count, "one offset is one finding")
	require.True(t, slices.ContainsFunc(judged.Findings, func(f ledger.Finding) bool { return f.Code == ledger.Rewrite }))
}
