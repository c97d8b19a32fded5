package kafka

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Poll gives the records that there are, at most limit (0: no bound), as soon as there is one. Without any it waits until
// timeout and gives none, without an error. A record that was read and not returned stays for the next Poll.
//
// An error is a [*FetchError], or the context's own; records and an error never come together: an error met beside records
// is returned by the next Poll. Errors that the client gets over by itself, such as a leader that moved, are only counted.
func (c *Consumer) Poll(ctx context.Context, limit int, timeout time.Duration) ([]Record, error) {
	c.polling.Lock()
	defer c.polling.Unlock()
	if err := c.takePending(); err != nil {
		return nil, err
	}
	waiting, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for {
		fetches := c.client.PollRecords(waiting, limit)
		records, err := c.take(ctx, fetches)
		c.client.AllowRebalance()
		switch {
		case len(records) > 0 || err != nil:
			return records, err
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case waiting.Err() != nil:
			return nil, nil
		}
	}
}

// take does the bookkeeping of one fetch while no rebalance can happen.
func (c *Consumer) take(ctx context.Context, fetches kgo.Fetches) ([]Record, error) {
	records := make([]Record, 0, fetches.NumRecords())
	reads := Reads{Group: c.options.Group}
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		c.fault(&reads, p.Topic, p.Partition, p.Err)
		if p.Partition < 0 {
			return
		}
		place := c.place(p.Topic, p.Partition)
		if end := c.endOf(p.FetchPartition); end >= 0 && p.Err == nil {
			place.end = end
		}
		if len(p.Records) == 0 {
			return
		}
		part := PartitionRead{Topic: p.Topic, Partition: p.Partition, Records: len(p.Records), EndToEnd: -1 << 63}
		for _, r := range p.Records {
			record := recordOf(r)
			part.EndToEnd = max(part.EndToEnd, now.Sub(r.Timestamp))
			reads.Bytes += record.size()
			records = append(records, record)
		}
		place.position = p.Records[len(p.Records)-1].Offset + 1
		part.Lag = max(place.end-place.position, 0)
		reads.Records += part.Records
		reads.Partitions = append(reads.Partitions, part)
	})
	if reads.Records > 0 || reads.Errors != nil {
		reads.Lag = c.knownLag()
		meterOf(ctx, c.meter).Read(reads)
	}
	if len(records) > 0 || len(c.pending) == 0 {
		return records, nil
	}
	return nil, c.nextPending()
}

// knownLag adds up what is left to return in the partitions whose end a fetch has shown. The caller holds c.mu.
func (c *Consumer) knownLag() int64 {
	var sum int64
	for _, partitions := range c.owned {
		for _, place := range partitions {
			if place.position >= 0 && place.end > place.position {
				sum += place.end - place.position
			}
		}
	}
	return sum
}

// place finds the cursor of a partition that a fetch speaks of. Without a group, this is how a topic's partitions become
// known; in a group only the assignment says what is owned.
func (c *Consumer) place(topic string, partition int32) *cursor {
	if c.options.Group != "" && c.owned[topic][partition] == nil {
		return &cursor{}
	}
	return c.cursor(topic, partition)
}

func (c *Consumer) endOf(p kgo.FetchPartition) int64 {
	if c.options.ReadCommitted {
		return p.LastStableOffset
	}
	return p.HighWatermark
}

// fault counts a fetch error by name, and keeps it for the caller unless the client tries again by itself.
func (c *Consumer) fault(reads *Reads, topic string, partition int32, err error) {
	if err == nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return // the end of the wait, which Poll looks at itself
	}
	name := ErrorName(err)
	if reads.Errors == nil {
		reads.Errors = map[string]int{}
	}
	reads.Errors[name]++
	if retriableFetch(err) {
		return
	}
	c.pending = append(c.pending, FetchError{Topic: topic, Partition: partition, Name: name, Err: explain(topic, c.notServed(err))})
}

// retriableFetch tells the errors that the client gets over by itself.
func retriableFetch(err error) bool { return kerr.IsRetriable(err) && !isMissing(err) }

// isMissing tells the errors of a topic that is not there. The client tries again, but nobody should wait in silence.
func isMissing(err error) bool {
	return errors.Is(err, kerr.UnknownTopicOrPartition) || errors.Is(err, kerr.UnknownTopicID)
}

func (c *Consumer) takePending() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pending) == 0 {
		return nil
	}
	return c.nextPending()
}

func (c *Consumer) nextPending() error {
	first := c.pending[0]
	c.pending = c.pending[1:]
	return &first
}
