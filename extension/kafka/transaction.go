package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TxnOutcome is what is known of a transaction after its end was asked for.
type TxnOutcome uint8

const (
	// TxnUnknown means that a commit was asked for, and that nobody knows whether it happened.
	TxnUnknown TxnOutcome = iota
	// TxnCommitted means that the coordinator said so.
	TxnCommitted
	// TxnAborted means that no commit was ever asked for, so that nothing of it may be seen as committed.
	TxnAborted
)

// String gives the name by which scripts know the outcome.
func (o TxnOutcome) String() string {
	return [...]string{TxnUnknown: "unknown", TxnCommitted: "committed", TxnAborted: "aborted"}[o]
}

// ErrNotTransactional says that a producer has no transactional id.
var ErrNotTransactional = errors.New("kafka: the producer is not transactional: give it a transactionalId")

// ErrNothingCommitted says that a transaction was aborted instead of committed, because not all of its records were acknowledged.
var ErrNothingCommitted = errors.New("the transaction was aborted, and nothing of it committed")

// ErrNotCommitted says that a processor's transaction was not committed, as far as is known: its group was rebalanced, which is no error,
// or a coordinator was not sure. Who starts another processor goes on from what is committed.
var ErrNotCommitted = errors.New("kafka: commit: the group was rebalanced, or its coordinator was not sure, and nothing was said to be " +
	"committed: close the processor and start another one, which goes on from what is")

// abortTime bounds the abort that follows a commit which failed.
const abortTime = 10 * time.Second

// transaction is what a transactional producer knows of the one that is open.
type transaction struct {
	open   atomic.Bool
	failed atomic.Int64 // records that were not acknowledged since it began
	// session ends it where the producer is also a member of a group; nil elsewhere.
	session *kgo.GroupTransactSession
}

// maxTransactionTimeout is Apache Kafka's default of transaction.max.timeout.ms.
const maxTransactionTimeout = 15 * time.Minute

func (o ProducerOptions) transactional() []kgo.Opt {
	opts := []kgo.Opt{kgo.TransactionalID(o.TransactionalID)}
	if o.TransactionTimeout > 0 {
		opts = append(opts, kgo.TransactionTimeout(o.TransactionTimeout))
	}
	return opts
}

func (o ProducerOptions) checkTransactional() error {
	switch {
	case o.TransactionalID == "" && o.TransactionTimeout != 0:
		return errors.New("kafka: transactionTimeout is of transactions: give a transactionalId, too")
	case o.TransactionalID != "" && !o.idempotent():
		return errors.New("kafka: a transactional producer is idempotent (KIP-98): leave idempotent and acks as they are")
	case o.TransactionTimeout < 0 || o.TransactionTimeout > maxTransactionTimeout:
		return fmt.Errorf("kafka: transactionTimeout %v: want at most %v", o.TransactionTimeout, maxTransactionTimeout)
	}
	return nil
}

// Fence has the coordinator know the producer: whoever had its transactional id before is fenced, and what he has left open is aborted.
// Begin does it as well.
func (p *Producer) Fence(ctx context.Context) error {
	if p.txn == nil {
		return ErrNotTransactional
	}
	if _, _, err := p.client.ProducerID(ctx); err != nil {
		return fmt.Errorf("kafka: fence: %w", err)
	}
	return nil
}

// Begin opens a transaction. What is sent from here on belongs to it.
func (p *Producer) Begin() error {
	if p.txn == nil {
		return ErrNotTransactional
	}
	p.txn.failed.Store(0)
	if err := p.client.BeginTransaction(); err != nil {
		return fmt.Errorf("kafka: begin: %w", err)
	}
	p.txn.open.Store(true)
	return nil
}

// Commit commits the open transaction. Where a record of it was not acknowledged it is aborted instead, as Java's producer has it, and
// the error wraps [ErrNothingCommitted]. A commit whose answer never came is TxnUnknown, and what the coordinator has not ended by then
// is aborted; so the producer can go on in either case, unless it is fenced.
//
// The context should not end before the coordinator has answered.
func (p *Producer) Commit(ctx context.Context) (TxnOutcome, error) {
	if p.txn == nil {
		return TxnAborted, ErrNotTransactional
	}
	if !p.txn.open.Swap(false) {
		return TxnAborted, errors.New("kafka: commit: no transaction is open: begin one first")
	}
	if err := p.client.Flush(ctx); err != nil {
		return TxnAborted, errors.Join(fmt.Errorf("kafka: commit: %w: %w", ErrNothingCommitted, err), p.abort())
	}
	if n := p.txn.failed.Load(); n > 0 {
		err := fmt.Errorf("kafka: commit: %d records were not acknowledged: %w", n, ErrNothingCommitted)
		return TxnAborted, errors.Join(err, p.abort())
	}
	if p.txn.session != nil {
		return p.endSession(ctx)
	}
	err := p.client.EndTransaction(ctx, kgo.TryCommit)
	switch {
	case err == nil:
		return TxnCommitted, nil
	case errors.Is(err, kerr.OperationNotAttempted):
		return TxnAborted, errors.Join(fmt.Errorf("kafka: commit: %w: %w", ErrNothingCommitted, err), p.abort())
	default:
		_ = p.abort() // so that the producer can go on; what it says of the transaction is no news
		return TxnUnknown, fmt.Errorf("kafka: commit: its outcome is unknown: %w", err)
	}
}

// endSession commits with the positions of the group. That it was not committed may mean that an answer was lost on the way: the client
// then aborts, and says no more.
func (p *Producer) endSession(ctx context.Context) (TxnOutcome, error) {
	committed, err := p.txn.session.End(ctx, kgo.TryCommit)
	switch {
	case err != nil:
		return TxnUnknown, fmt.Errorf("kafka: commit: its outcome is unknown: %w", err)
	case !committed:
		return TxnUnknown, ErrNotCommitted
	}
	return TxnCommitted, nil
}

// Abort aborts the open transaction; what is still under way fails with ABORTED. Without one it does nothing.
func (p *Producer) Abort(ctx context.Context) error {
	if p.txn == nil {
		return ErrNotTransactional
	}
	if !p.txn.open.Swap(false) {
		return nil
	}
	return p.abortWithin(ctx)
}

func (p *Producer) abort() error {
	ctx, cancel := context.WithTimeout(context.Background(), abortTime)
	defer cancel()
	return p.abortWithin(ctx)
}

func (p *Producer) abortWithin(ctx context.Context) error {
	if p.txn.session != nil {
		if _, err := p.txn.session.End(ctx, kgo.TryAbort); err != nil {
			return fmt.Errorf("kafka: abort: %w", err)
		}
		return nil
	}
	if err := p.client.AbortBufferedRecords(ctx); err != nil {
		return fmt.Errorf("kafka: abort: %w", err)
	}
	if err := p.client.EndTransaction(ctx, kgo.TryAbort); err != nil {
		return fmt.Errorf("kafka: abort: %w", err)
	}
	return nil
}
