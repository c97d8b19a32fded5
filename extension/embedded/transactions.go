package embedded

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
)

const (
	// maxTransactionTimeout is Apache Kafka's default of transaction.max.timeout.ms.
	maxTransactionTimeout = 15 * time.Minute
	// kfake gets a timeout that never passes: it would append the marker of a timeout behind our back.
	kfakeTransactionTimeoutMillis = math.MaxInt32
)

// mayWrite applies the rules of transactions to a batch. A batch of a new enough producer begins a transaction, or adds its
// partition to it (KIP-890), by the way.
func (l *life) mayWrite(known *producer, at place, e *entry) *refusal {
	known.mu.Lock()
	defer known.mu.Unlock()
	switch {
	case e.batch.ProducerEpoch() < known.epoch:
		return refuse(kerr.InvalidProducerEpoch, "a newer instance of the producer has taken over")
	case !e.batch.Transactional():
		if known.transactional != "" {
			return refuse(kerr.InvalidTxnState, "the producer is transactional, the batch is not")
		}
		return nil
	case known.transactional == "":
		return refuse(kerr.InvalidTxnState, "the producer has no transactional id")
	case known.covers(at):
		return nil
	case !e.implicit:
		return refuse(kerr.InvalidTxnState, "the partition is not in the transaction")
	}
	l.begin(known).partitions[at] = struct{}{}
	return nil
}

func (p *producer) covers(at place) bool {
	if p.open == nil {
		return false
	}
	_, ok := p.open.partitions[at]
	return ok
}

// begin returns the open transaction, a new one if there is none. The caller holds known.mu.
func (l *life) begin(known *producer) *transaction {
	if known.open == nil {
		t := &transaction{partitions: map[place]struct{}{}, groups: map[string]struct{}{}}
		t.timer = time.AfterFunc(known.timeout, func() { l.background(func() { l.expire(known, t) }) })
		known.open = t
	}
	return known.open
}

// close forgets the open transaction and returns the groups whose offsets it held.
func (p *producer) close(committed bool) (groups []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lastCommitted, p.ending = committed, nil
	if p.open == nil {
		return nil
	}
	p.open.timer.Stop()
	for group := range p.open.groups {
		groups = append(groups, group)
	}
	p.open = nil
	return groups
}

// places returns the partitions of the open transaction.
func (p *producer) places() []place {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open == nil {
		return nil
	}
	list := make([]place, 0, len(p.open.partitions))
	for at := range p.open.partitions {
		list = append(list, at)
	}
	return list
}

// withMarkers runs what makes kfake append transaction markers, and returns when they are durable. No response with a
// record goes out in between.
func (l *life) withMarkers(ctx context.Context, known *producer, places []place, run func() error) error {
	if known != nil {
		known.lock.Lock()
		defer known.lock.Unlock()
		places = append(places, known.places()...)
	}
	var partitions []*partition
	for _, at := range places {
		t, err := l.catalog.find(ctx, at.topic, [16]byte{}, false)
		if err != nil {
			return err
		}
		if t == nil {
			continue // deleted since
		}
		if p, err := l.catalog.partition(ctx, t, at.partition); err != nil {
			return err
		} else if p != nil {
			partitions = append(partitions, p)
		}
	}
	release, err := acquireAll(ctx, partitions)
	if err != nil {
		return err
	}
	defer release()
	if len(partitions) > 0 {
		l.visible.Lock()
		defer l.visible.Unlock()
	}
	if err := run(); err != nil {
		return err
	}
	for _, p := range partitions {
		info := l.kfake.PartitionInfo(p.topic, p.partition)
		if info == nil || info.HighWatermark == p.end {
			continue
		}
		way := &lane{life: l, at: &p.place}
		err := l.catchUp(l.ctx, p, info, way)
		way.close()
		if err != nil {
			return l.failed(p, nil, err)
		}
	}
	return nil
}

// catchUp uploads what kfake's log has beyond the durable end: transaction markers.
func (l *life) catchUp(ctx context.Context, p *partition, info *kfake.PartitionInfo, way *lane) error {
	for p.end < info.HighWatermark {
		raw, err := l.inner.fetch(ctx, p.place, p.end)
		if err != nil {
			return fmt.Errorf("read back %s-%d at offset %d: %w", p.topic, p.partition, p.end, err)
		}
		pieces, err := p.piecesOf(raw)
		if err != nil {
			return err
		}
		if err := l.upload(ctx, p, pieces, way); err != nil {
			return fmt.Errorf("write what the log of %s-%d has at offset %d: %w", p.topic, p.partition, p.end, err)
		}
		for _, piece := range pieces {
			p.observe(piece.batch.Placed(piece.base, piece.epoch))
			p.end = piece.end()
		}
	}
	if p.end > info.HighWatermark {
		return fmt.Errorf("the bucket ends at offset %d, the log of %s-%d at %d", p.end, p.topic, p.partition, info.HighWatermark)
	}
	return nil
}
