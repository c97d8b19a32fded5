package kafkaproxy

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/recordbatch"
)

// note is what a fault has done to a call; without a topic, to all of it.
type note struct {
	fault   *Fault
	at      TopicPartition
	records int64
}

// note remembers what a fault has done until the answer passes. On the leg to a broker there is no later.
func (w *passage) note(f *Fault, at TopicPartition, records int64, on Direction) {
	switch {
	case w.faults.events == nil:
	case w.point.place.leg:
		e := w.event(on)
		e.Topic, e.Partition, e.Fault, e.Action, e.Acted = at.Topic, at.Partition, f.id, f.matcher.Action, records
		w.faults.events.add(e)
	default:
		w.call.passed.notes = append(w.call.passed.notes, note{f, at, records})
	}
}

// event is what is known of every message.
func (w *passage) event(on Direction) Event {
	return Event{
		Direction: on, Client: w.point.place.client, ClientID: w.call.ClientID, Broker: w.point.place.node(),
		API: w.call.Key.Name(), Version: w.call.Version, BaseOffset: -1,
	}
}

// logLoss tells of a message that goes no further.
func (w *passage) logLoss(f *Fault, on Direction) {
	if w.faults.events == nil {
		return
	}
	e := w.event(on)
	e.Fault, e.Action = f.id, f.matcher.Action
	w.faults.events.add(e)
}

// logSilent tells of a Produce request to which there is no answer.
func (w *passage) logSilent() {
	if w.faults.events == nil || w.point.place.leg || w.call.Key != kmsg.Produce {
		return
	}
	seen := map[TopicPartition]bool{}
	w.eachProduced(func(topic string, p *kmsg.ProduceRequestTopicPartition) {
		e := w.event(OnRequest)
		e.Topic, e.Partition, e.Records = topic, p.Partition, countIn(p.Records)
		w.addNoted(e)
		seen[TopicPartition{topic, p.Partition}] = true
	})
	for _, n := range w.call.passed.notes {
		if n.at.Topic != "" && !seen[n.at] { // nothing is left of it
			e := w.event(OnRequest)
			e.Topic, e.Partition = n.at.Topic, n.at.Partition
			w.addNoted(e)
		}
	}
}

// logAnswer tells of an answer: for each partition whose records it is about, or once.
func (w *passage) logAnswer() error {
	if w.faults.events == nil || w.point.place.leg {
		return nil
	}
	switch w.call.Key {
	case kmsg.Produce:
		return w.logProduced()
	case kmsg.Fetch:
		w.logFetched()
	default:
		w.addNoted(w.event(OnResponse))
	}
	return nil
}

func (w *passage) logProduced() error {
	message, err := w.call.reply()
	if err != nil {
		return err
	}
	carried := w.carried()
	for _, t := range message.(*kmsg.ProduceResponse).Topics {
		topic := w.point.proxy.topics.name(t.Topic, t.TopicID)
		for _, p := range t.Partitions {
			e := w.event(OnResponse)
			e.Topic, e.Partition, e.BaseOffset, e.Error = topic, p.Partition, p.BaseOffset, nameOfCode(p.ErrorCode)
			e.Records = carried[TopicPartition{topic, p.Partition}]
			w.addNoted(e)
		}
	}
	return nil
}

func (w *passage) logFetched() {
	told := false
	w.eachFetched(func(topic string, p *kmsg.FetchResponseTopicPartition) {
		if len(p.RecordBatches) == 0 && p.ErrorCode == 0 {
			return
		}
		told = true
		e := w.event(OnResponse)
		e.Topic, e.Partition, e.Error, e.Records = topic, p.Partition, nameOfCode(p.ErrorCode), countIn(p.RecordBatches)
		if len(p.RecordBatches) >= recordbatch.HeaderBytes {
			e.BaseOffset = recordbatch.Batch(p.RecordBatches).BaseOffset()
		}
		w.addNoted(e)
	})
	if !told {
		w.addNoted(w.event(OnResponse))
	}
}

// addNoted adds an event with the last fault that has acted on what it is about.
func (w *passage) addNoted(e Event) {
	for _, n := range w.call.passed.notes {
		if n.at.Topic == "" || n.at == (TopicPartition{e.Topic, e.Partition}) {
			e.Fault, e.Action, e.Acted = n.fault.id, n.fault.matcher.Action, n.records
		}
	}
	w.faults.events.add(e)
}

// logCopy tells of a batch that was written for the second time.
func (w *passage) logCopy(c copied, records int64) {
	if w.faults.events == nil {
		return
	}
	e := w.event(OnRequest)
	e.Topic, e.Partition, e.Records = c.at.Topic, c.at.Partition, records
	e.Fault, e.Action, e.Acted = c.turn.fault.id, c.turn.fault.matcher.Action, records
	w.faults.events.add(e)
}

// countIn counts the records of whole batches.
func countIn(raw []byte) (n int64) {
	recordbatch.Each(raw, func(b recordbatch.Batch) recordbatch.Batch {
		if !b.Control() {
			n += int64(b.Count())
		}
		return b
	})
	return n
}
