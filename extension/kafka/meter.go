package kafka

import (
	"context"
	"time"
)

// Meter receives the measurements of a client: one call per Send, per Poll, per group of asynchronous acks or per event,
// never one per record. Calls may come from any goroutine and must not block.
type Meter interface {
	Wrote(Writes)
	Read(Reads)
	Rebalanced(Rebalance)
}

// Writes is what one Send, or a stretch of SendAsync, came to.
type Writes struct {
	Topic   string
	Records int   // acknowledged (with acks=none: handed to the network)
	Bytes   int64 // keys, values and headers of those records

	// Latencies holds one value per acknowledged broker batch, as far as the promises tell batches apart: from the
	// hand-over of its first record to its ack. Neighbouring batches of one partition count as one.
	Latencies []time.Duration
	Errors    map[string]int // records that were not acknowledged, by Kafka error name; nil: none
}

// Reads is what one Poll came to.
type Reads struct {
	Group   string // empty without a group
	Records int
	Bytes   int64 // keys, values and headers

	Partitions []PartitionRead
	Lag        int64          // over all partitions that the consumer owns and has heard of: between position and end
	Errors     map[string]int // fetch errors by Kafka error name, those that the client retries included; nil: none
}

// PartitionRead is what one Poll got from one partition.
type PartitionRead struct {
	Topic     string
	Partition int32
	Records   int
	EndToEnd  time.Duration // the greatest (now - record timestamp) of those records; clock skew can make it negative
	Lag       int64         // records between what was returned and the high watermark of the fetch
}

// Rebalance is one completed rebalance of a group, as this member saw it.
type Rebalance struct {
	Group string
	Owned int // partitions that the member owns afterwards
}

type meterKey struct{}

// WithMeter has the Send or Poll that gets this context report to m, instead of the meter of the client.
func WithMeter(ctx context.Context, m Meter) context.Context {
	return context.WithValue(ctx, meterKey{}, m)
}

func meterOf(ctx context.Context, otherwise Meter) Meter {
	if m, ok := ctx.Value(meterKey{}).(Meter); ok {
		return m
	}
	return otherwise
}

// noMeter measures nothing.
type noMeter struct{}

func (noMeter) Wrote(Writes)         {}
func (noMeter) Read(Reads)           {}
func (noMeter) Rebalanced(Rebalance) {}

func meterOr(m Meter) Meter {
	if m == nil {
		return noMeter{}
	}
	return m
}
