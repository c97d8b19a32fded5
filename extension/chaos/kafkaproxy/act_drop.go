package kafkaproxy

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/recordbatch"
)

// drop takes the matching records out of a Produce request, and has their producer be told of a success.
func (w *passage) drop(ctx context.Context, f *Fault) error {
	var failed error
	w.changeProduced(func(t *kmsg.ProduceRequestTopic, topic string, p *kmsg.ProduceRequestTopicPartition) bool {
		keep, err := true, error(nil)
		if failed == nil && f.matcher.at(topic, p.Partition) {
			keep, err = w.dropBatch(ctx, f, t, topic, p)
		}
		if failed == nil {
			failed = err
		}
		return keep
	})
	return failed
}

// dropBatch reports whether anything is left of a partition of the request.
func (w *passage) dropBatch(
	ctx context.Context, f *Fault, t *kmsg.ProduceRequestTopic, topic string, p *kmsg.ProduceRequestTopicPartition,
) (keep bool, err error) {
	at := TopicPartition{topic, p.Partition}
	b, ok := batchOf(p)
	if !ok || w.settled[at] {
		return true, nil
	}
	w.numbers().watch(b, at)
	if w.numbers().through(b, at) {
		return true, nil // sent again: it may be in the log
	}
	lost, rest, err := w.remainder(f.matcher, b)
	if err != nil || lost == 0 {
		return true, err
	}
	turn, ok := f.take()
	if !ok {
		return true, nil
	}
	if rest != nil {
		w.drops(b, at, lost, f.matcher)
		p.Records, w.changed = rest, true
	} else {
		told, err := w.pretend(ctx, f, t, at, int64(b.Span()))
		if err != nil || !told {
			turn.miss() // the producer has got an error, if the fault has not ended; and then the batch goes on
			return !w.settled[at], err
		}
		w.drops(b, at, b.Span(), nil)
	}
	w.note(f, at, int64(lost), OnRequest)
	turn.hit(map[TopicPartition]int64{at: int64(lost)})
	return rest != nil, nil
}

func (w *passage) numbers() *numbering { return w.point.numbers() }

// drops notes that a fault has decided about the batch.
func (w *passage) drops(b recordbatch.Batch, at TopicPartition, lost int32, m *matcher) {
	w.numbers().drop(b, at, lost, m)
	w.settle(at)
}

func (w *passage) settle(at TopicPartition) {
	if w.settled == nil {
		w.settled = map[TopicPartition]bool{}
	}
	w.settled[at] = true
}

// remainder returns how many records of a batch a rule takes, and the batch that is left, nil if it takes all.
func (w *passage) remainder(m *matcher, b recordbatch.Batch) (lost int32, rest recordbatch.Batch, err error) {
	if !m.picky() {
		return b.Count(), nil, nil
	}
	records, selected := w.chosen(m, b)
	if len(selected) == len(records) || len(selected) == 0 {
		return int32(len(selected)), nil, nil
	}
	rest, err = w.faults.coder.Dense(b, without(records, selected))
	return int32(len(selected)), rest, err
}

// redo does to batches that are sent again what was done when they came for the first time. It fails if the producer cannot be told.
func (w *passage) redo(ctx context.Context) (err error) {
	if w.call.Key != kmsg.Produce || !w.numbers().used() {
		return nil
	}
	w.changeProduced(func(t *kmsg.ProduceRequestTopic, topic string, p *kmsg.ProduceRequestTopicPartition) bool {
		at := TopicPartition{topic, p.Partition}
		b, ok := batchOf(p)
		if !ok || err != nil {
			return true
		}
		g, ok := w.numbers().again(b, at)
		if !ok {
			return true
		}
		w.settle(at)
		if g.matcher == nil {
			_, err = w.pretend(ctx, nil, t, at, int64(b.Span()))
			return false
		}
		var rest recordbatch.Batch
		if _, rest, err = w.remainder(g.matcher, b); rest != nil {
			p.Records, w.changed = rest, true
		}
		return true
	})
	return err
}

// pretend has the producer be told that a batch was appended: behind what it heard of last, or else where the broker says that the
// partition ends. An error of the broker becomes the producer's. It reports whether the success was told.
func (w *passage) pretend(ctx context.Context, f *Fault, t *kmsg.ProduceRequestTopic, at TopicPartition, span int64) (bool, error) {
	silent, err := w.call.unanswered()
	if err != nil || silent {
		return err == nil, err
	}
	answer := kmsg.NewProduceResponseTopicPartition()
	answer.Partition = at.Partition
	end, known := w.faults.ends.known(at)
	if !known {
		var code int16
		if end, code, err = w.askEnd(ctx, f, at); err != nil || code < 0 {
			return false, err
		}
		if code != 0 {
			answer.ErrorCode, answer.BaseOffset = code, -1
			w.overlay().produced(t, answer, at, 0)
			w.settle(at)
			return false, nil
		}
		w.faults.ends.saw(at, end)
	}
	answer.BaseOffset = end
	w.overlay().produced(t, answer, at, span)
	return true, nil
}

// askEnd asks the broker for the end of a partition, by the connection that the records would have taken. The code is negative if the
// fault has ended meanwhile.
func (w *passage) askEnd(ctx context.Context, f *Fault, at TopicPartition) (end int64, code int16, err error) {
	partition := kmsg.NewListOffsetsRequestTopicPartition()
	partition.Partition, partition.Timestamp = at.Partition, -1
	topic := kmsg.NewListOffsetsRequestTopic()
	topic.Topic, topic.Partitions = at.Topic, []kmsg.ListOffsetsRequestTopicPartition{partition}
	message := kmsg.NewPtrListOffsetsRequest()
	message.Version, message.Topics = 1, []kmsg.ListOffsetsRequestTopic{topic} // the oldest that all brokers have
	response, err := w.ask(ctx, f, message)
	if err != nil || response == nil {
		return 0, -1, err
	}
	topics := response.(*kmsg.ListOffsetsResponse).Topics
	if len(topics) != 1 || len(topics[0].Partitions) != 1 {
		return 0, 0, fmt.Errorf("asked for the end of %s/%d, got an answer about %d topics", at.Topic, at.Partition, len(topics))
	}
	return topics[0].Partitions[0].Offset, topics[0].Partitions[0].ErrorCode, nil
}

// dropFetched takes the matching records out of a Fetch response. Its reader goes past them, as if compaction had taken them.
func (w *passage) dropFetched(f *Fault) error {
	eligible := func(raw []byte) bool { return w.anyRecord(f.matcher, raw) }
	return w.changeFetched(f, eligible, func(b recordbatch.Batch, _ turn) (recordbatch.Batch, int64, error) {
		records, selected := w.chosen(f.matcher, b)
		if len(selected) == 0 {
			return b, 0, nil
		}
		changed, err := w.faults.coder.WithRecords(b, without(records, selected))
		return changed, int64(len(selected)), err
	})
}

// changeFetched has change act on each batch of the partitions that a fault takes from a Fetch response; eligible says of the bytes
// of a partition whether there is anything to act on. Change returns the new batch, and how many records it acted on.
func (w *passage) changeFetched(
	f *Fault, eligible func(raw []byte) bool, change func(recordbatch.Batch, turn) (recordbatch.Batch, int64, error),
) error {
	changed, failed := false, error(nil)
	w.eachFetched(func(topic string, p *kmsg.FetchResponseTopicPartition) {
		at := TopicPartition{topic, p.Partition}
		if failed != nil || !f.matcher.at(topic, p.Partition) || !eligible(p.RecordBatches) {
			return
		}
		t, ok := f.take()
		if !ok {
			return
		}
		acted := int64(0)
		out := recordbatch.Each(p.RecordBatches, func(b recordbatch.Batch) recordbatch.Batch {
			other, n, err := change(b, t)
			if err != nil {
				failed = fmt.Errorf("changing records of %s/%d: %w", topic, p.Partition, err)
				return b
			}
			acted += n
			return other
		})
		if acted == 0 || failed != nil {
			t.miss()
			return
		}
		p.RecordBatches, changed = out, true
		w.note(f, at, acted, OnResponse)
		t.hit(map[TopicPartition]int64{at: acted})
	})
	if changed {
		w.call.replace()
	}
	return failed
}
