package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

func TestGroupRegress(t *testing.T) {
	t.Parallel()
	const rule = ledger.GroupRegress
	tp := ledger.TopicPartition{Topic: "t", Partition: 0}
	other := ledger.TopicPartition{Topic: "t", Partition: 1}
	run := func(steps func(l *ledger.Ledger)) func(h *history) {
		return func(h *history) {
			steps(h.l)
			h.sends(h.producer(), 0, 3)
			h.finish()
		}
	}
	judgeAll(t, []scenario{
		{name: "it stands where it was", run: run(func(l *ledger.Ledger) {
			l.Committed("g", "m1", tp, 5)
			l.AskCommitted("g", "m2", tp).Answered(5)
		})},
		{name: "it went on", run: run(func(l *ledger.Ledger) {
			l.Committed("g", "m1", tp, 5)
			l.AskCommitted("g", "m2", tp).Answered(9)
		})},
		{name: "it went back", codes: fires(rule), total: 1, run: run(func(l *ledger.Ledger) {
			l.Committed("g", "m1", tp, 5)
			l.Committed("g", "m1", tp, 8)
			l.AskCommitted("g", "m2", tp).Answered(5)
		})},
		{name: "it is lost", codes: fires(rule), total: 1, run: run(func(l *ledger.Ledger) {
			l.Committed("g", "m1", tp, 1)
			l.AskCommitted("g", "m2", tp).Answered(-1)
		})},
		{name: "it was committed after the question", run: run(func(l *ledger.Ledger) {
			question := l.AskCommitted("g", "m2", tp)
			l.Committed("g", "m1", tp, 5)
			question.Answered(-1)
		})},
		{name: "another group, another partition", run: run(func(l *ledger.Ledger) {
			l.Committed("g", "m1", tp, 5)
			l.AskCommitted("h", "m2", tp).Answered(-1)
			l.AskCommitted("g", "m2", other).Answered(0)
		})},
		{name: "all that the group has committed", codes: fires(rule), total: 2, run: run(func(l *ledger.Ledger) {
			l.Committed("g", "m1", tp, 5)
			l.Committed("g", "m1", other, 7)
			l.Committed("h", "m1", other, 7)
			for _, question := range l.AskAllCommitted("g", "final question") {
				question.Answered(0)
			}
		})},
	})
}

func TestGroupRegressSaysWho(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	tp := ledger.TopicPartition{Topic: "t", Partition: 0}
	h.l.Committed("g", "reader 1", tp, 8)
	h.l.AskCommitted("g", "reader 2", tp).Answered(-1)
	j := h.l.Judge(h.options)
	require.Len(t, j.Findings, 1)
	f := j.Findings[0]
	require.Equal(t, "reader 2", f.Reader)
	require.Contains(t, f.Detail, `group "g" had committed offset 8 (reader 1, answered at`)
	require.Contains(t, f.Detail, "it has committed nothing")
}
