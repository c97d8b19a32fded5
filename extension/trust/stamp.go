package trust

import (
	"fmt"
	"time"

	"k6suite/extension/kafka"
	"k6suite/extension/ledger"
	"k6suite/extension/objectstore"
)

// Stamp gives a record that a script made an identity, in headers behind its own. From here on it counts as sent; its
// outcome comes through Settled.
func (r *Run) Stamp(vu int64, key, value []byte, headers []kafka.Header) []kafka.Header {
	r.mu.Lock()
	p := r.stamps[vu]
	if p == nil {
		// The script may send through any producer and in any order: nothing is promised of its order.
		p = r.ledger.NewProducer(ledger.ProducerOptions{
			Name: fmt.Sprintf("script of vu %d", vu), Idempotent: r.target.Profile.Claims.Idempotence,
		})
		r.stamps[vu] = p
	}
	r.mu.Unlock()
	return toClient(p.Stamp(key, value, toLedger(nil, headers)).Headers)
}

// Settled takes the outcome of a record that a script sent itself. Records without a stamp of this run are ignored.
func (r *Run) Settled(record kafka.Record, result kafka.Result, retried bool) {
	id := r.ledger.Identify(ledger.Record{Key: record.Key, Value: record.Value, Headers: toLedger(nil, record.Headers)})
	if id.Kind == ledger.Own {
		r.settle(id.Serial, time.Time{}, retried, false, result)
	}
}

// Seen takes a record that a script read itself. Scripts may seek as they like, so each record is a session of its own.
func (r *Run) Seen(vu int64, record kafka.Record) {
	r.mu.Lock()
	reader := r.seers[vu]
	if reader == nil {
		name := fmt.Sprintf("script of vu %d", vu)
		reader = r.ledger.NewReader(ledger.ReaderOptions{Name: name, Group: name})
		r.seers[vu] = reader
	}
	r.mu.Unlock()
	tp := ledger.TopicPartition{Topic: record.Topic, Partition: record.Partition}
	reader.Assign(tp, -1)
	reader.Read(tp, ledger.Record{
		Offset: record.Offset, Timestamp: record.Timestamp, Key: record.Key, Value: record.Value,
		Headers: toLedger(nil, record.Headers), LeaderEpoch: record.LeaderEpoch,
	})
}

func toClient(from []ledger.Header) []kafka.Header {
	out := make([]kafka.Header, len(from))
	for i, h := range from {
		out[i] = kafka.Header(h)
	}
	return out
}

// toLedger appends headers to a slice, which may be reused.
func toLedger[H kafka.Header | objectstore.Header](to []ledger.Header, from []H) []ledger.Header {
	for _, h := range from {
		to = append(to, ledger.Header(h))
	}
	return to
}
