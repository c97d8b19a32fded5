package embedded

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// serveOffsetForLeaderEpoch corrects kfake where a leader epoch has begun and has no batch yet. kfake then does not know how far
// the epoch before reached, and consumers would take that for a loss of data; it reached the end of the log (KIP-101).
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
	corrected := false
	for i := range response.Topics {
		t := &response.Topics[i]
		for j := range t.Partitions {
			p := &t.Partitions[j]
			epoch, ok := asked[place{t.Topic, p.Partition}]
			if !ok || epoch < 0 || p.ErrorCode != 0 || p.EndOffset >= 0 {
				continue
			}
			if info := l.kfake.PartitionInfo(t.Topic, p.Partition); info != nil && epoch < info.Epoch {
				p.LeaderEpoch, p.EndOffset = epoch, info.HighWatermark
				corrected = true
			}
		}
	}
	if corrected {
		x.respond(response)
	}
	return nil
}
