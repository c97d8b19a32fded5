package kafka

import (
	"context"
	"errors"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
)

// splitter sends again what a broker refused because the batch as a whole was too large. It has a producer of its own and
// serves one Send at a time, so that nobody else's record can be in the batch: what it says of a single record is true.
type splitter struct {
	config  Config
	options ProducerOptions
	turn    chan struct{} // holds one token; taken by whoever splits
	solo    *Producer     // started at first need
	closed  bool
}

func newSplitter(c Config, o ProducerOptions) *splitter {
	o.Meter = nil
	return &splitter{config: c, options: o, turn: make(chan struct{}, 1)}
}

func (s *splitter) close() {
	s.turn <- struct{}{}
	s.closed = true
	if s.solo != nil {
		_ = s.solo.Close()
	}
	<-s.turn
}

// split replaces the results of records that were refused together by what becomes of them in smaller batches. Where the
// context ends first, the refusal stands: those records were not written.
func (p *Producer) split(ctx context.Context, records []Record, results []Result) {
	refused := refusedBatches(results)
	if len(refused) == 0 || p.splitter == nil {
		return
	}
	select {
	case p.splitter.turn <- struct{}{}:
	case <-ctx.Done():
		return
	}
	defer func() { <-p.splitter.turn }()
	solo, err := p.splitter.producer()
	if err != nil {
		return
	}
	for _, indexes := range refused {
		solo.halve(ctx, records, results, indexes)
	}
}

func (s *splitter) producer() (*Producer, error) {
	if s.closed {
		return nil, errors.New("kafka: producer is closed")
	}
	if s.solo == nil {
		solo, err := NewProducer(s.config, s.options)
		if err != nil {
			return nil, err
		}
		s.solo = solo
	}
	return s.solo, nil
}

// refusedBatches gives the indexes of records that shared a batch that was too large for the broker, by partition.
func refusedBatches(results []Result) [][]int {
	type key struct {
		topic     string
		partition int32
	}
	var order []key
	byPartition := map[key][]int{}
	for i := range results {
		if !refusedAsBatch(results[i]) {
			continue
		}
		k := key{results[i].Topic, results[i].Partition}
		if byPartition[k] == nil {
			order = append(order, k)
		}
		byPartition[k] = append(byPartition[k], i)
	}
	out := make([][]int, len(order))
	for i, k := range order {
		out[i] = byPartition[k]
	}
	return out
}

// refusedAsBatch holds only where nothing was written for certain, so that sending again cannot write a record twice.
func refusedAsBatch(r Result) bool {
	return r.Outcome == Failed && errors.Is(r.Err, kerr.MessageTooLarge) && !refusedByClient(r.Err)
}

// halve sends the records at the given indexes in two parts, one after the other, and halves a refused part again. A part
// of one record is final.
func (p *Producer) halve(ctx context.Context, records []Record, results []Result, indexes []int) {
	middle := (len(indexes) + 1) / 2
	for _, part := range [][]int{indexes[:middle], indexes[middle:]} {
		if len(part) == 0 || ctx.Err() != nil {
			continue
		}
		again := make([]Record, len(part))
		for i, index := range part {
			again[i] = records[index]
			again[i].Topic, again[i].Partition = results[index].Topic, results[index].Partition
		}
		for i, r := range slices.Clone(p.handOver(ctx, again).wait(ctx, again)) {
			results[part[i]] = r
		}
		if len(part) == 1 {
			continue
		}
		for _, refused := range refusedBatches(pick(results, part)) {
			for i := range refused {
				refused[i] = part[refused[i]]
			}
			p.halve(ctx, records, results, refused)
		}
	}
}

func pick(results []Result, indexes []int) []Result {
	out := make([]Result, len(indexes))
	for i, index := range indexes {
		out[i] = results[index]
	}
	return out
}
