package embedded

import (
	"context"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// epochStart is the offset at which the records of a leader epoch begin.
type epochStart struct {
	epoch int32
	start int64
}

// began notes a new leader epoch of the partition.
func (p *partition) began(epoch int32, start int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.epochs); n == 0 || p.epochs[n-1].epoch < epoch {
		p.epochs = append(p.epochs, epochStart{epoch, start})
	}
}

// endOfEpoch returns how far a former leader epoch reached, and the greatest epoch up to it that there was (KIP-101).
func (p *partition) endOfEpoch(epoch int32, info *kfake.PartitionInfo) (known int32, end int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known, end = epoch, info.HighWatermark
	found := false
	for _, e := range p.epochs {
		if e.epoch > epoch {
			end = e.start
			break
		}
		known, found = e.epoch, true
	}
	if !found {
		known = epoch
	}
	return known, max(end, info.LogStartOffset)
}

// serveOffsetForLeaderEpoch answers from the partition's history: kfake knows epochs by the batches that they have written only,
// and consumers would take what it says of others for a loss of data.
func (l *life) serveOffsetForLeaderEpoch(ctx context.Context, x *exchange) error {
	request, response := kmsg.NewPtrOffsetForLeaderEpochRequest(), kmsg.NewPtrOffsetForLeaderEpochResponse()
	if err := x.served(ctx, forward, request, response); err != nil {
		return err
	}
	asked := map[place]int32{}
	for _, t := range request.Topics {
		for _, p := range t.Partitions {
			asked[place{t.Topic, p.Partition}] = p.LeaderEpoch
		}
	}
	for i := range response.Topics {
		t := &response.Topics[i]
		for j := range t.Partitions {
			p := &t.Partitions[j]
			epoch, ok := asked[place{t.Topic, p.Partition}]
			if !ok || p.ErrorCode != 0 {
				continue
			}
			if err := l.correctEpoch(ctx, t.Topic, p, epoch); err != nil {
				return err
			}
		}
	}
	x.respond(response)
	return nil
}

func (l *life) correctEpoch(ctx context.Context, name string, p *kmsg.OffsetForLeaderEpochResponseTopicPartition, epoch int32) error {
	t, err := l.catalog.find(ctx, name, [16]byte{}, false)
	if t == nil || err != nil {
		return err
	}
	log, err := l.catalog.partition(ctx, t, p.Partition)
	info := l.kfake.PartitionInfo(name, p.Partition)
	if log == nil || info == nil || err != nil {
		return err
	}
	switch {
	case epoch < 0 || epoch > info.Epoch: // not known
		p.LeaderEpoch, p.EndOffset = -1, -1
	case epoch == info.Epoch:
		p.LeaderEpoch, p.EndOffset = epoch, info.HighWatermark
	default:
		p.LeaderEpoch, p.EndOffset = log.endOfEpoch(epoch, info)
	}
	return nil
}
