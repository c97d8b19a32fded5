package trust

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"k6suite/extension/kafka"
	"k6suite/extension/ledger"
)

// commit commits what was read, as far as a group wants it and the last commit is long enough ago. It tells whether what was read is
// committed now.
func (l *liveReader) commit(ctx context.Context, now bool) bool {
	l.mu.Lock()
	due := l.o.Group != "" && !l.crashed.Load() && (now || time.Since(l.lastCommit) >= commitEvery)
	if due {
		l.lastCommit = time.Now()
	}
	l.mu.Unlock()
	if !due {
		return false
	}
	l.pending.Store(0) // whatever becomes of it, the target may have it
	for topic, partitions := range l.client.Position() {
		for partition := range partitions {
			l.run.ledger.Committing(l.o.Group, ledger.TopicPartition{Topic: topic, Partition: partition})
		}
	}
	done, err := l.client.Commit(ctx, nil)
	for topic, partitions := range done {
		for partition, next := range partitions {
			l.run.ledger.Committed(l.o.Group, l.name, ledger.TopicPartition{Topic: topic, Partition: partition}, next)
		}
	}
	rebalancing := isRebalancing(err)
	l.mu.Lock()
	if l.refused = nil; rebalancing {
		l.refused = err
	}
	l.mu.Unlock()
	if err != nil && !rebalancing && ctx.Err() == nil {
		l.failed(fmt.Errorf("commit: %w", err))
	}
	return err == nil
}

// isRebalancing tells what a group answers to a commit in the middle of a rebalance. It is part of the protocol and no error:
// Java's consumer has the application try again (RebalanceInProgressException).
func isRebalancing(err error) bool {
	return errors.Is(err, kerr.RebalanceInProgress) || errors.Is(err, kerr.IllegalGeneration) || errors.Is(err, kerr.StaleMemberEpoch)
}

// leave commits and leaves the group. A commit that a rebalance refuses is tried again until the rebalance is over.
func (l *liveReader) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), leaveTime)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		l.commit(ctx, true)
		l.mu.Lock()
		refused := l.refused
		l.mu.Unlock()
		if refused == nil || ctx.Err() != nil || l.run.interrupted.Err() != nil {
			if refused != nil {
				l.failed(fmt.Errorf("commit: %w", refused))
			}
			break
		}
		<-again.C
	}
	if err := l.client.Close(); err != nil {
		l.failed(err)
	}
	l.shared.left(l.name)
}

// Joined implements kafka.GenerationListener: it tells the ledger all that the member owns in this generation.
func (l *liveReader) Joined(generation int32, added kafka.Partitions) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for topic, partitions := range added {
		for _, partition := range partitions {
			l.owned[ledger.TopicPartition{Topic: topic, Partition: partition}] = true
		}
	}
	l.claim(generation)
}

// claimAgain tells the ledger what the member owns when the coordinator has moved it to another epoch: where that changes nothing for it,
// nothing else tells. A coordinator moves a member on only once that has said that it has given up what others are to own in that epoch.
// So what it owns at a time belongs to the epoch that it is in afterwards, and the order of the two looks matters.
func (l *liveReader) claimAgain() {
	if l.o.Protocol != kafka.ProtocolConsumer {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock() // nothing is given to the member, or taken from it, meanwhile
	if epoch := l.client.Generation(); epoch > 0 && epoch != l.claimed && len(l.owned) > 0 {
		l.claim(epoch)
	}
}

// claim tells the ledger what the member owns in a generation. The caller holds l.mu.
func (l *liveReader) claim(generation int32) {
	l.claimed = generation
	l.run.ledger.Owns(l.o.Group, l.name, generation, slices.Collect(maps.Keys(l.owned)))
}

// Assigned implements kafka.Listener: a new session of each partition begins.
func (l *liveReader) Assigned(start kafka.Offsets) {
	l.rebalances.Add(1)
	l.run.rebalanced()
	l.mu.Lock()
	defer l.mu.Unlock()
	got := 0
	for topic, partitions := range start {
		got += len(partitions)
		for partition, from := range partitions {
			tp := ledger.TopicPartition{Topic: topic, Partition: partition}
			told := max(from, -1)
			if _, sent := l.began[tp]; sent {
				told = -1
				delete(l.began, tp)
			}
			if l.o.OffsetReset != "" {
				l.run.ledger.ToldCommitted(l.o.Group, l.name, l.o.OffsetReset, tp, told)
			}
			l.run.ledger.AskCommitted(l.o.Group, l.name, tp).Answered(told) // who had it before has committed before
			l.ids.Assign(tp, max(from, 0))
		}
	}
	l.shared.owns(l.name, got)
}

// Revoked implements kafka.Listener. What was read is committed while the partitions are still the member's.
func (l *liveReader) Revoked(partitions kafka.Partitions) {
	ctx, cancel := context.WithTimeout(context.Background(), leaveTime)
	defer cancel()
	l.commit(ctx, true)
	l.gone(partitions)
}

// Lost implements kafka.Listener.
func (l *liveReader) Lost(partitions kafka.Partitions) { l.gone(partitions) }

func (l *liveReader) gone(partitions kafka.Partitions) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.revocations++
	lost := 0
	for topic, ids := range partitions {
		lost += len(ids)
		for _, partition := range ids {
			tp := ledger.TopicPartition{Topic: topic, Partition: partition}
			l.taken[tp] = l.revocations
			delete(l.owned, tp)
			l.ids.Revoke(tp)
		}
	}
	l.shared.owns(l.name, -lost)
}
