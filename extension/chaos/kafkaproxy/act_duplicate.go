package kafkaproxy

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/recordbatch"
	"k6suite/extension/internal/wire"
)

// copied is a batch that is to be written once more.
type copied struct {
	turn  turn
	topic kmsg.ProduceRequestTopic // its name and id
	at    TopicPartition
	batch recordbatch.Batch
}

// duplicate takes copies of the matching records. They are sent behind the request.
func (w *passage) duplicate(f *Fault) {
	m := w.produced()
	for i := range m.Topics {
		t := &m.Topics[i]
		topic := w.point.proxy.topics.name(t.Topic, t.TopicID)
		for j := range t.Partitions {
			at := TopicPartition{topic, t.Partitions[j].Partition}
			b, ok := batchOf(&t.Partitions[j])
			if !ok || !f.matcher.at(topic, at.Partition) {
				continue
			}
			if w.numbers().watch(b, at); w.numbers().through(b, at) {
				continue // sent again: the copy may be there
			}
			w.copy(f, t, at, b)
		}
	}
}

func (w *passage) copy(f *Fault, t *kmsg.ProduceRequestTopic, at TopicPartition, b recordbatch.Batch) {
	second := b
	if f.matcher.picky() {
		records, selected := w.chosen(f.matcher, b)
		if len(selected) == 0 {
			return
		}
		var err error
		if second, err = w.faults.coder.Dense(b, only(records, selected)); err != nil {
			return
		}
	}
	turn, ok := f.take()
	if !ok {
		return
	}
	w.copies = append(w.copies, copied{
		turn: turn, topic: kmsg.ProduceRequestTopic{Topic: t.Topic, TopicID: t.TopicID}, at: at, batch: second.Anonymous(),
	})
}

// out sends the call, and the copies of what of it the broker has taken. The calls behind it wait meanwhile, so that original and copy
// stand one behind the other.
func (w *passage) out(ctx context.Context) error {
	if len(w.copies) == 0 {
		return w.next(ctx, w.call)
	}
	c := w.call
	original := &call{Request: c.Request, message: c.message, done: make(chan struct{})}
	if w.point.place.leg { // there the answer passes the point as that of the original
		original.passed, c.passed = c.passed, passed{}
	}
	if err := w.next(ctx, original); err != nil {
		w.withdraw()
		return err
	}
	if err := w.await(ctx, original); err != nil {
		w.withdraw()
		return err
	}
	if original.err != nil {
		w.withdraw()
		return original.err
	}
	w.taken(original)
	err := w.outCopies(ctx)
	c.complete(original.response) // now, so that who hears of the success finds both
	return err
}

// await waits for the answer to the original. A fault that ends meanwhile makes no copies any more.
func (w *passage) await(ctx context.Context, original *call) error {
	over := w.copies[0].turn.fault.over
	for {
		select {
		case <-original.done:
			return nil
		case <-over:
			w.withdraw()
			over = nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// withdraw makes no copies after all.
func (w *passage) withdraw() {
	for _, c := range w.copies {
		c.turn.miss()
	}
	w.copies = nil
}

// taken leaves the copies of what the broker has taken. Without acks nobody knows what it took.
func (w *passage) taken(original *call) {
	if original.response == nil {
		return
	}
	answer := kmsg.NewPtrProduceResponse()
	answer.Version = original.Version
	if err := wire.DecodeResponse(original.response, answer); err != nil {
		w.withdraw() // the client will find out
		return
	}
	took := w.appended(answer)
	kept := w.copies[:0]
	for _, copy := range w.copies {
		if took[copy.at] {
			kept = append(kept, copy)
		} else {
			copy.turn.miss()
		}
	}
	w.copies = kept
}

// appended returns the partitions to which a Produce request was appended.
func (w *passage) appended(answer *kmsg.ProduceResponse) map[TopicPartition]bool {
	took := map[TopicPartition]bool{}
	for _, t := range answer.Topics {
		topic := w.point.proxy.topics.name(t.Topic, t.TopicID)
		for _, p := range t.Partitions {
			took[TopicPartition{topic, p.Partition}] = p.ErrorCode == 0
		}
	}
	return took
}

// outCopies writes the copies, and counts those that are known to be in the log, or may be: one that is not there casts doubt on a
// run, and one too many that nobody knows of would be held against its target.
func (w *passage) outCopies(ctx context.Context) error {
	if len(w.copies) == 0 {
		return nil
	}
	request := w.produced()
	message := kmsg.NewPtrProduceRequest()
	message.Version, message.TimeoutMillis, message.Acks = request.Version, request.TimeoutMillis, -1
	for _, copy := range w.copies {
		topic := copy.topic
		topic.Partitions = []kmsg.ProduceRequestTopicPartition{{Partition: copy.at.Partition, Records: copy.batch}}
		message.Topics = append(message.Topics, topic)
	}
	response, err := w.ask(ctx, w.copies[0].turn.fault, message)
	took := map[TopicPartition]bool{}
	answer, known := response.(*kmsg.ProduceResponse)
	if known {
		took = w.appended(answer)
		w.tellRefused(answer)
	}
	for _, copy := range w.copies {
		if took[copy.at] || !known {
			n := int64(copy.batch.Count())
			w.logCopy(copy, n)
			copy.turn.hit(map[TopicPartition]int64{copy.at: n})
		} else {
			copy.turn.miss()
		}
	}
	w.copies = nil
	return err
}

func (w *passage) tellRefused(answer *kmsg.ProduceResponse) {
	for _, t := range answer.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				w.point.proxy.logger.Warn("kafka proxy: a broker refused the copy of a batch", "topic",
					w.point.proxy.topics.name(t.Topic, t.TopicID), "partition", p.Partition, "error", err)
			}
		}
	}
}
