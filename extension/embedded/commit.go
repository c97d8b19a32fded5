package embedded

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
)

// drain stores what is queued for the partition until nothing is.
func (l *life) drain(p *partition) {
	defer l.work.Done()
	for !p.idle() {
		var blocking *producer
		_, err := l.leader(l.ctx, p.place) // what waits for a dead or paused one may be withdrawn meanwhile
		if err == nil {
			err = p.acquire(l.ctx)
		}
		if err == nil {
			blocking, err = l.storeTurn(l.ctx, p)
			p.release()
		}
		if err != nil { // the life ends
			for _, e := range p.take() {
				e.fail(kerr.RequestTimedOut, "the broker stops")
			}
			continue
		}
		if blocking != nil { // its epoch is being changed: wait without holding the turn
			blocking.lock.Lock()
			blocking.lock.Unlock() //nolint:staticcheck // an empty critical section is how to wait
		}
	}
}

// storeTurn stores a group in the name of the partition's leader, as soon as that may begin an upload.
func (l *life) storeTurn(ctx context.Context, p *partition) (*producer, error) {
	way := &lane{life: l, at: &p.place}
	if err := way.open(ctx); err != nil {
		return nil, err
	}
	defer way.close()
	l.ended(p)
	l.refuseStrays(p)
	return l.storeNext(ctx, p, way)
}

// storeNext takes a group from the queue and stores it. It returns the producer to wait for if that stopped it at once.
func (l *life) storeNext(ctx context.Context, p *partition, way *lane) (*producer, error) {
	group, err := l.mischief.gather(ctx, l, p, p.take())
	if err != nil {
		return nil, l.failed(p, group, err)
	}
	epoch, ready, err := l.prepare(ctx, p, way)
	switch {
	case len(group) == 0:
		return nil, nil
	case err != nil:
		return nil, l.failed(p, group, err)
	case !ready:
		failAll(group, kerr.UnknownTopicOrPartition, "the topic was deleted")
		return nil, nil
	}
	for {
		a := l.admit(p, group, epoch)
		if len(a.group) == 0 && len(a.deferred) > 0 {
			p.putBack(a.deferred)
			return a.blocking, nil
		}
		err := l.store(ctx, p, a, way)
		a.unlock()
		var other *otherObjectError
		if errors.As(err, &other) { // another life wrote here: that is the log now, and ours goes behind it
			if err = l.adopt(ctx, p, other.segment); err == nil {
				continue
			}
		}
		p.putBack(a.deferred)
		if err == nil {
			return nil, nil
		}
		return nil, l.failed(p, a.group, err)
	}
}

// prepare makes sure that kfake's log ends where the durable one does. It returns the epoch of the leader; not ready means
// that the partition is gone.
func (l *life) prepare(ctx context.Context, p *partition, way *lane) (epoch int32, ready bool, err error) {
	if p.broken != nil {
		return 0, false, p.broken
	}
	info := l.kfake.PartitionInfo(p.topic, p.partition)
	if p.gone || info == nil {
		return 0, false, nil
	}
	if info.HighWatermark != p.end {
		err = l.catchUp(ctx, p, info, way)
	}
	return info.Epoch, true, err
}

// failed answers a group that was not stored. When the life ends, whether it was is unknown: the bucket will tell the next one.
func (l *life) failed(p *partition, group []*entry, err error) error {
	if l.ctx.Err() != nil {
		failAll(group, kerr.RequestTimedOut, "the broker stops")
		return l.ctx.Err()
	}
	if p.broken == nil {
		p.broken = err
		l.logger.Error("a partition is out of service: restart the cluster from its bucket",
			"topic", p.topic, "partition", p.partition, "error", err)
	}
	failAll(group, kerr.KafkaStorageError, err.Error())
	return nil
}

func failAll(group []*entry, err *kerr.Error, message string) {
	for _, e := range group {
		select {
		case <-e.done: // refused already
		default:
			e.fail(err, message)
		}
	}
}

// store makes the admitted batches durable, then readable, then known to their producers, in this order.
func (l *life) store(ctx context.Context, p *partition, a *admission, way *lane) error {
	if len(a.pieces) > 0 {
		pieces := l.mischief.pieces(p, a.pieces)
		later := func(ctx context.Context) error { return l.uploadAlone(ctx, p, pieces) }
		if !l.mischief.defers(l, p, pieces, later) {
			switch err := l.upload(ctx, p, pieces, way); {
			case errors.Is(err, errForgotten):
				a.windows = nil
				a.settle(l.mischief, p)
				return nil
			case err != nil:
				return err
			}
		}
		for _, piece := range pieces {
			if err := l.append(ctx, p, piece); err != nil {
				return err
			}
			p.end = piece.end()
		}
	}
	a.settle(l.mischief, p)
	return nil
}

// append hands a durable batch to kfake, which must put it where the object says that it is.
func (l *life) append(ctx context.Context, p *partition, piece *piece) error {
	base, err := l.inner.produce(ctx, p.place, piece.batch)
	if err != nil {
		return fmt.Errorf("append %s-%d at offset %d, which is in the bucket already: %w", p.topic, p.partition, piece.base, err)
	}
	if base != piece.base {
		return fmt.Errorf("append %s-%d: the bucket has the batch at offset %d, the log at %d", p.topic, p.partition, piece.base, base)
	}
	return nil
}
