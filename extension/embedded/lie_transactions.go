package embedded

import (
	"context"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/recordbatch"
)

// readCommitted is the isolation level of a fetch whose client is to be shown what is committed only.
const readCommitted = 1

// onCommittedFetch lets change see each partition of each response to who reads what is committed, and before that, ask change the request.
func onCommittedFetch(l *life, key kmsg.Key, next handler, ask func(*exchange, *kmsg.FetchRequest), change func(*fetched)) handler {
	if key != kmsg.Fetch {
		return next
	}
	return func(ctx context.Context, x *exchange) error {
		request := kmsg.NewPtrFetchRequest()
		if err := x.Decode(request); err != nil {
			return err
		}
		if request.IsolationLevel != readCommitted {
			return next(ctx, x)
		}
		ask(x, request)
		return onFetch(l, key, next, change)(ctx, x)
	}
}

// showAborted does not tell readers what was aborted: it is them who leave it out.
type showAborted struct {
	honest
	*liar
}

func newShowAborted(l *liar) mischief { return &showAborted{liar: l} }

func (m *showAborted) handler(l *life, key kmsg.Key, next handler) handler {
	return onCommittedFetch(l, key, next, func(*exchange, *kmsg.FetchRequest) {}, func(f *fetched) {
		if len(f.part.AbortedTransactions) > 0 {
			m.hits.Add(1)
			f.part.AbortedTransactions = nil
		}
	})
}

// showOpen serves who reads what is committed as one who reads all, while a transaction is open.
type showOpen struct {
	honest
	*liar
}

func newShowOpen(l *liar) mischief { return &showOpen{liar: l} }

func (m *showOpen) handler(l *life, key kmsg.Key, next handler) handler {
	return onCommittedFetch(l, key, next, func(x *exchange, request *kmsg.FetchRequest) {
		if l.producers.anyOpen() && m.strikes() {
			request.IsolationLevel = 0
			x.rewrite(request)
		}
	}, func(*fetched) {})
}

// anyOpen reports whether a transaction with records is open.
func (p *producers) anyOpen() bool {
	for _, known := range p.all() {
		if len(known.places()) > 0 {
			return true
		}
	}
	return false
}

// tornCommit hides one partition of a committed transaction from who reads what is committed.
type tornCommit struct {
	honest
	*liar
	mu     sync.Mutex
	hidden map[tornPart]bool
}

// tornPart is what one producer, in one epoch, has written to a partition.
type tornPart struct {
	place
	id    int64
	epoch int16
}

// maxTorn keeps the last transactions of a run whole, for which readers wait.
const maxTorn = 5

func newTornCommit(l *liar) mischief {
	l.left = maxTorn
	return &tornCommit{liar: l, hidden: map[tornPart]bool{}}
}

func (m *tornCommit) handler(l *life, key kmsg.Key, next handler) handler {
	if key == kmsg.EndTxn {
		return func(ctx context.Context, x *exchange) error {
			request := kmsg.NewPtrEndTxnRequest()
			if err := x.Decode(request); err != nil {
				return err
			}
			m.tear(l, request)
			return next(ctx, x)
		}
	}
	return onCommittedFetch(l, key, next, func(*exchange, *kmsg.FetchRequest) {}, func(f *fetched) {
		m.mu.Lock()
		defer m.mu.Unlock()
		f.part.RecordBatches = recordbatch.Each(f.part.RecordBatches, func(b batch) batch {
			if !b.Control() && m.hidden[tornPart{f.place, b.ProducerID(), b.ProducerEpoch()}] {
				return nil
			}
			return b
		})
	})
}

// tear chooses what is hidden of a transaction that is about to be committed.
func (m *tornCommit) tear(l *life, request *kmsg.EndTxnRequest) {
	known := l.producers.get(request.ProducerID)
	if known == nil || !request.Commit {
		return
	}
	places := known.places()
	if len(places) < 2 || !m.strikes() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hidden[tornPart{places[m.pick(len(places))], request.ProducerID, request.ProducerEpoch}] = true
}

// forgetTxnOffsets answers that offsets are part of a transaction, and forgets them.
type forgetTxnOffsets struct {
	honest
	*liar
}

func newForgetTxnOffsets(l *liar) mischief { return &forgetTxnOffsets{liar: l} }

func (m *forgetTxnOffsets) handler(_ *life, key kmsg.Key, next handler) handler {
	if key != kmsg.TxnOffsetCommit {
		return next
	}
	return func(_ context.Context, x *exchange) error {
		request, response := kmsg.NewPtrTxnOffsetCommitRequest(), kmsg.NewPtrTxnOffsetCommitResponse()
		if err := x.Decode(request); err != nil {
			return err
		}
		response.SetVersion(x.Version)
		for _, t := range request.Topics {
			told := kmsg.NewTxnOffsetCommitResponseTopic()
			told.Topic = t.Topic
			for _, p := range t.Partitions {
				one := kmsg.NewTxnOffsetCommitResponseTopicPartition()
				one.Partition = p.Partition
				told.Partitions = append(told.Partitions, one)
			}
			response.Topics = append(response.Topics, told)
		}
		m.hits.Add(1)
		x.respond(response)
		return nil
	}
}
