package trust_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/kafka"
	"k6suite/extension/ledger"
	"k6suite/extension/trust"
)

// delivering is a run of delivery_semantics with so many records, all sent to one partition.
func delivering(t *testing.T, records int) *trust.Run {
	t.Helper()
	target := open(t, trust.TargetOptions{Profile: load(t, nil)})
	run := newRun(t, target, func(o *trust.Options) {
		o.Script, o.Records, o.Partitions, o.Drain = "delivery_semantics", 0, 1, 2*time.Second
	})
	_, err := run.Prepare(t.Context())
	require.NoError(t, err)
	send(t, run, records)
	return run
}

func send(t *testing.T, run *trust.Run, records int) {
	t.Helper()
	sent, err := run.Produce(t.Context(), 1, trust.ProduceOptions{Records: records, Timeout: 2 * time.Minute})
	require.NoError(t, err)
	require.EqualValues(t, records, sent.Acked)
}

func consume(t *testing.T, run *trust.Run, o trust.ConsumeOptions) trust.Consumed {
	t.Helper()
	o.Group, o.SessionTimeout, o.Heartbeat, o.Timeout = "g", 6*time.Second, 500*time.Millisecond, 2*time.Minute
	read, err := run.Consume(t.Context(), 1, o)
	require.NoError(t, err)
	return read
}

func TestACrashLeavesRecordsOnOneSideOfTheCommit(t *testing.T) {
	t.Parallel()
	for _, first := range []bool{false, true} {
		t.Run(map[bool]string{false: "committed after", true: "committed before"}[first], func(t *testing.T) {
			t.Parallel()
			run := delivering(t, 300)
			died := consume(t, run, trust.ConsumeOptions{Records: 100, Crash: true, CommitFirst: first, OffsetReset: ledger.ResetEarliest})
			next := consume(t, run, trust.ConsumeOptions{CommitFirst: first, OffsetReset: ledger.ResetEarliest})
			require.True(t, next.Complete)
			if first {
				require.Positive(t, died.Unprocessed)
				require.Zero(t, died.Uncommitted)
				require.Zero(t, next.Again, "%v", next.Repeated)
			} else {
				require.Positive(t, died.Uncommitted)
				require.Zero(t, died.Unprocessed)
				require.Equal(t, died.Uncommitted, next.Again)
				require.Contains(t, next.Repeated[0], " record ")
			}
			require.Empty(t, judge(t, run).Findings)
		})
	}
}

func TestAGroupWithoutAnOffsetBeginsWhereItIsTold(t *testing.T) {
	t.Parallel()
	run := delivering(t, 100)
	read := consume(t, run, trust.ConsumeOptions{OffsetReset: ledger.ResetNone})
	require.Contains(t, read.Refused, "no prior committed offset")
	require.Zero(t, read.Records)

	done := make(chan trust.Consumed, 1)
	go func() {
		defer close(done)
		if read, err := run.Consume(t.Context(), 2, trust.ConsumeOptions{
			Group: "latest", OffsetReset: ledger.ResetLatest, Records: 50, Timeout: 2 * time.Minute,
		}); err == nil {
			done <- read
		}
	}()
	require.True(t, run.ResetsSeen(t.Context(), "latest", 1, 2*time.Minute))
	send(t, run, 50)
	require.EqualValues(t, 50, (<-done).Records, "none of those that were there before")

	read = consume(t, run, trust.ConsumeOptions{OffsetReset: ledger.ResetEarliest})
	require.True(t, read.Complete)
	require.EqualValues(t, 1, read.Resets)
	require.Empty(t, judge(t, run).Findings)
}

func TestAGroupWhoseOffsetWasDeletedBeginsAnew(t *testing.T) {
	t.Parallel()
	run := delivering(t, 100)
	first := consume(t, run, trust.ConsumeOptions{OffsetReset: ledger.ResetEarliest})
	require.True(t, first.Complete)
	send(t, run, 100)
	starts, err := run.Trim(t.Context(), kafka.Offsets{run.Topics()[0]: {0: 150}})
	require.NoError(t, err)
	require.EqualValues(t, 150, starts[run.Topics()[0]][0])
	_, err = run.Trim(t.Context(), kafka.Offsets{"other": {0: 1}})
	require.ErrorContains(t, err, "trim: topic")

	refused := consume(t, run, trust.ConsumeOptions{OffsetReset: ledger.ResetNone})
	require.Contains(t, refused.Refused, "OFFSET_OUT_OF_RANGE")
	left := 1 + 200 - int64(150) // the first is the positive control's
	read := consume(t, run, trust.ConsumeOptions{OffsetReset: ledger.ResetEarliest, Records: left})
	require.Equal(t, left, read.Records)
	require.EqualValues(t, 1, read.Resets)
	require.Empty(t, judge(t, run).Findings, "what was deleted on purpose is neither lost nor skipped")
}

func TestWhatIsSentAgainForItsAnswerWasLostStandsOnce(t *testing.T) {
	t.Parallel()
	run := delivering(t, 10)
	sent, err := run.Produce(t.Context(), 1, trust.ProduceOptions{Records: 200, BatchSize: 2048, LoseAnswers: 3, Timeout: 2 * time.Minute})
	require.NoError(t, err)
	require.EqualValues(t, 200, sent.Acked)
	require.EqualValues(t, 3, sent.Lost)
	require.Empty(t, judge(t, run).Findings)
}

func TestAnswersThatWereNotLostProveNothing(t *testing.T) {
	t.Parallel()
	run := delivering(t, 10)
	sent, err := run.Produce(t.Context(), 1, trust.ProduceOptions{Records: 1, LoseAnswers: 100, Timeout: 5 * time.Second})
	require.NoError(t, err)
	require.Less(t, sent.Lost, int64(100))
	verdict := judge(t, run)
	require.Equal(t, contract.Inconclusive, statuses(verdict)["F8.2"])
	require.True(t, slices.ContainsFunc(verdict.Doubts, func(d contract.Doubt) bool {
		return slices.Contains(d.Requirements, "F8.2") && strings.Contains(d.Text, "and was to lose 100")
	}), "%+v", verdict.Doubts)
}

func TestDeliveryOptionsThatContradictAreRefused(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]trust.ConsumeOptions{
		"are for members of a group":     {OffsetReset: ledger.ResetLatest},
		"leave out the offset reset":     {Group: "g", OffsetReset: ledger.ResetLatest, Committed: true},
		"say after how many records":     {Group: "g", CommitFirst: true, Crash: true},
		"commit and offsetReset are for": {CommitFirst: true},
	} {
		require.ErrorContains(t, o.Check(), want)
	}
	require.NoError(t, trust.ConsumeOptions{Group: "g", CommitFirst: true, Crash: true, Records: 1, OffsetReset: ledger.ResetNone}.Check())
}
