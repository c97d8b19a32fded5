package kafka_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/kafka"
)

func transactional(t *testing.T, c kafka.Config, id string) *kafka.Producer {
	t.Helper()
	return producer(t, c, kafka.ProducerOptions{TransactionalID: id, Topic: "t"})
}

func sendOne(t *testing.T, p interface {
	Send(ctx context.Context, records []kafka.Record) ([]kafka.Result, error)
}, value string,
) {
	t.Helper()
	_, err := p.Send(within(t), []kafka.Record{{Topic: "t", Partition: 0, Value: []byte(value)}})
	require.NoError(t, err)
}

func committedReader(t *testing.T, c kafka.Config, topic string) *kafka.Consumer {
	t.Helper()
	return consumer(t, c, kafka.ConsumerOptions{Topics: []string{topic}, ReadCommitted: true})
}

func valuesOf(records []kafka.Record) (out []string) {
	for _, r := range records {
		out = append(out, string(r.Value))
	}
	return out
}

func TestACommitIsSeenAndAnAbortIsNot(t *testing.T) {
	t.Parallel()
	_, c := cluster(t, kfake.SeedTopics(1, "t"))
	p := transactional(t, c, "tx")
	for _, value := range []string{"a", "b"} {
		require.NoError(t, p.Begin())
		sendOne(t, p, "aborted "+value)
		require.NoError(t, p.Abort(within(t)))
		require.NoError(t, p.Begin())
		sendOne(t, p, value)
		outcome, err := p.Commit(within(t))
		require.NoError(t, err)
		require.Equal(t, kafka.TxnCommitted, outcome)
	}
	require.Equal(t, []string{"a", "b"}, valuesOf(drain(t, committedReader(t, c, "t"), 2)))
	all := consumer(t, c, kafka.ConsumerOptions{Topics: []string{"t"}})
	require.Len(t, drain(t, all, 4), 4, "who reads uncommitted sees what was aborted")
}

func TestARecordThatFailedAbortsItsTransaction(t *testing.T) {
	t.Parallel()
	_, c := cluster(t, kfake.SeedTopics(1, "t"))
	p := transactional(t, c, "tx")
	require.NoError(t, p.Begin())
	sendOne(t, p, "a")
	_, err := p.Send(within(t), []kafka.Record{{Topic: "t", Value: make([]byte, 2<<20)}})
	require.Error(t, err)
	outcome, err := p.Commit(within(t))
	require.ErrorIs(t, err, kafka.ErrNothingCommitted)
	require.Equal(t, kafka.TxnAborted, outcome)

	require.NoError(t, p.Begin(), "and it goes on")
	sendOne(t, p, "b")
	outcome, err = p.Commit(within(t))
	require.NoError(t, err)
	require.Equal(t, kafka.TxnCommitted, outcome)
	require.Equal(t, []string{"b"}, valuesOf(drain(t, committedReader(t, c, "t"), 1)))
}

func TestACommitWhoseAnswerSaysNothingIsUnknown(t *testing.T) {
	t.Parallel()
	fake, c := cluster(t, kfake.SeedTopics(1, "t"))
	p := transactional(t, c, "tx")
	require.NoError(t, p.Begin())
	sendOne(t, p, "a")
	fake.ControlKey(int16(kmsg.EndTxn), func(request kmsg.Request) (kmsg.Response, error, bool) {
		response := request.ResponseKind().(*kmsg.EndTxnResponse)
		response.ErrorCode = kerr.UnknownServerError.Code
		return response, nil, true
	})
	outcome, err := p.Commit(within(t))
	require.ErrorIs(t, err, kerr.UnknownServerError)
	require.Equal(t, kafka.TxnUnknown, outcome)

	require.NoError(t, p.Begin(), "and it goes on")
	sendOne(t, p, "b")
	outcome, err = p.Commit(within(t))
	require.NoError(t, err)
	require.Equal(t, kafka.TxnCommitted, outcome)
}

func TestWhoComesLaterFencesAndAborts(t *testing.T) {
	t.Parallel()
	_, c := cluster(t, kfake.SeedTopics(1, "t"))
	old := transactional(t, c, "tx")
	require.NoError(t, old.Begin())
	sendOne(t, old, "a")
	now := transactional(t, c, "tx")
	require.NoError(t, now.Fence(within(t)))
	outcome, err := old.Commit(within(t))
	require.Error(t, err)
	require.NotEqual(t, kafka.TxnCommitted, outcome)
	require.NoError(t, now.Begin())
	sendOne(t, now, "b")
	_, err = now.Commit(within(t))
	require.NoError(t, err)
	require.Equal(t, []string{"b"}, valuesOf(drain(t, committedReader(t, c, "t"), 1)))
}

func TestOptionsOfTransactionsAreChecked(t *testing.T) {
	t.Parallel()
	for what, o := range map[string]kafka.ProducerOptions{
		"give a transactionalId":                    {TransactionTimeout: time.Second},
		"a transactional producer is idempotent":    {TransactionalID: "tx", DisableIdempotence: true},
		"transactionTimeout 16m0s: want at most 15": {TransactionalID: "tx", TransactionTimeout: 16 * time.Minute},
	} {
		require.ErrorContains(t, o.Check(), what)
	}
	_, c := cluster(t)
	plain := producer(t, c, kafka.ProducerOptions{})
	require.ErrorIs(t, plain.Begin(), kafka.ErrNotTransactional)
	require.ErrorIs(t, plain.Fence(within(t)), kafka.ErrNotTransactional)
	require.ErrorIs(t, plain.Abort(within(t)), kafka.ErrNotTransactional)
	_, err := plain.Commit(within(t))
	require.ErrorIs(t, err, kafka.ErrNotTransactional)
	_, err = transactional(t, c, "tx").Commit(within(t))
	require.ErrorContains(t, err, "begin one first")
	_, err = kafka.NewProcessor(c, kafka.ProcessorOptions{Group: "g"})
	require.ErrorContains(t, err, "name topics, a group and a transactionalId")
}

func newProcessor(t *testing.T, c kafka.Config) *kafka.Processor {
	t.Helper()
	p, err := kafka.NewProcessor(c, kafka.ProcessorOptions{Topics: []string{"in"}, Group: "g", TransactionalID: "tx"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

// process transforms what one poll gives, in a transaction that stays open.
func process(t *testing.T, p *kafka.Processor, want int) {
	t.Helper()
	records, err := p.Poll(within(t), want, 20*time.Second)
	require.NoError(t, err)
	require.Len(t, records, want)
	require.NoError(t, p.Begin())
	for _, r := range records {
		sendOne(t, p, "of "+string(r.Value))
	}
}

func TestAProcessorGoesOnWhereItsLastTransactionEnded(t *testing.T) {
	t.Parallel()
	_, c := cluster(t, kfake.SeedTopics(1, "t", "in"))
	source := producer(t, c, kafka.ProducerOptions{})
	for _, value := range []string{"1", "2", "3"} {
		_, err := source.Send(within(t), []kafka.Record{{Topic: "in", Value: []byte(value)}})
		require.NoError(t, err)
	}
	first := newProcessor(t, c)
	process(t, first, 1)
	outcome, err := first.Commit(within(t))
	require.NoError(t, err)
	require.Equal(t, kafka.TxnCommitted, outcome)
	process(t, first, 1)
	require.NoError(t, first.Abort(within(t)), "its record is given again")
	process(t, first, 1)
	require.NoError(t, first.Close(), "in the middle of a transaction")

	second := newProcessor(t, c)
	require.NoError(t, second.Fence(within(t)))
	for range 2 {
		process(t, second, 1)
		outcome, err = second.Commit(within(t))
		require.NoError(t, err)
		require.Equal(t, kafka.TxnCommitted, outcome)
	}
	require.Equal(t, []string{"of 1", "of 2", "of 3"}, valuesOf(drain(t, committedReader(t, c, "t"), 3)))
}
