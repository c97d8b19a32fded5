package kafka

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Send sends records and waits for each to settle. It gives one result per record, in the order of the records; the error
// is nil or a [*SendError] that names the records that were not acknowledged. It waits for room in the buffer, and it
// returns when the context ends: what had not settled by then is Unknown.
//
// A broker that finds a batch too large refuses all of its records. Send then sends them again in smaller batches, as
// Java's producer does, so that only records that are too large by themselves fail; order is kept within those records.
func (p *Producer) Send(ctx context.Context, records []Record) ([]Result, error) {
	if len(records) == 0 {
		return nil, nil
	}
	call := p.handOver(ctx, records)
	results := call.wait(ctx, records)
	p.split(ctx, records, results)
	meterOf(ctx, p.meter).Wrote(writesOf(records, results, call.runs.latencies))
	return results, newSendError(results)
}

// SendAsync hands records over, in order, and calls done with each one's index when it has settled, exactly once. It waits
// for room in the buffer. done runs on the client's own goroutine, for one record at a time: it must not block, nor call the
// producer.
//
// Keys, values and headers must not change before their record has settled; the slice itself is the caller's again on return.
// A few hundred records a call cost the least. What a batch refused as too large is not split, unlike with Send.
func (p *Producer) SendAsync(ctx context.Context, records []Record, done func(i int, r Result)) {
	now := time.Now()
	slots := make([]slot, len(records))
	headers := headerRoom(records)
	expires := p.expiry.context(now)
	p.async.begin(len(records))
	settled := func(s *slot, r Result) {
		p.async.settled(p.meter, s, r)
		done(s.index, r)
	}
	for i := range records {
		s := &slots[i]
		s.Context, s.since, s.index, s.done = expires, now, i, settled //nolint:fatcontext // a slot is the context of its own record
		headers = records[i].fill(&s.rec, headers)
		s.rec.Context = s
		p.client.Produce(ctx, &s.rec, nil)
	}
}

// sendCall is one Send under way.
type sendCall struct {
	slots []slot

	mu      sync.Mutex
	left    bool // the caller went away: late results have nobody to tell
	settled int
	results []Result
	runs    runs
	all     chan struct{}
}

func (p *Producer) handOver(ctx context.Context, records []Record) *sendCall {
	call := &sendCall{slots: make([]slot, len(records)), results: make([]Result, len(records)), all: make(chan struct{})}
	since, done := time.Now(), call.settle
	expires := p.expiry.context(since)
	pointers, headers := make([]*kgo.Record, len(records)), headerRoom(records)
	for i := range records {
		s := &call.slots[i]
		s.Context, s.since, s.index, s.done = expires, since, i, done //nolint:fatcontext // one slot, one record
		headers = records[i].fill(&s.rec, headers)
		s.rec.Context = s
		pointers[i] = &s.rec
	}
	// ProduceSync ends the linger of just the partitions that it wrote to. It cannot be told to stop waiting for a batch
	// that is in flight, so it waits where nobody waits for it.
	go p.client.ProduceSync(ctx, pointers...)
	return call
}

func (c *sendCall) settle(s *slot, r Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left {
		return
	}
	c.runs.add(s, r)
	s.settled = true
	c.results[s.index] = r
	if c.settled++; c.settled == len(c.results) {
		close(c.all)
	}
}

// wait returns when all have settled, or the context ends.
func (c *sendCall) wait(ctx context.Context, records []Record) []Result {
	select {
	case <-c.all:
		return c.results
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = true
	for i := range c.results {
		if !c.slots[i].settled {
			c.results[i] = Result{
				Topic: records[i].Topic, Partition: AnyPartition, Offset: -1, Err: context.Cause(ctx), ProducerID: -1, ProducerEpoch: -1,
			}
		}
	}
	return c.results
}
