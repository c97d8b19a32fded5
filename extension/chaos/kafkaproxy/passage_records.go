package kafkaproxy

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/recordbatch"
	"k6suite/extension/internal/wire"
)

// produced returns the request, nil if it is none of Produce.
func (w *passage) produced() *kmsg.ProduceRequest {
	message, err := w.call.request()
	if err != nil {
		return nil // take has decoded it before
	}
	m, _ := message.(*kmsg.ProduceRequest)
	return m
}

// eachProduced visits the partitions of a Produce request, which it must not change.
func (w *passage) eachProduced(visit func(topic string, p *kmsg.ProduceRequestTopicPartition)) {
	m := w.produced()
	if m == nil {
		return
	}
	for i := range m.Topics {
		t := &m.Topics[i]
		topic := w.point.proxy.topics.name(t.Topic, t.TopicID)
		for j := range t.Partitions {
			visit(topic, &t.Partitions[j])
		}
	}
}

// changeProduced visits the partitions of a Produce request, which it may change, and leaves those in it that are to be kept.
func (w *passage) changeProduced(keep func(t *kmsg.ProduceRequestTopic, topic string, p *kmsg.ProduceRequestTopicPartition) bool) {
	w.own()
	m := w.produced()
	if m == nil {
		return
	}
	topics := m.Topics[:0]
	for i := range m.Topics {
		t := &m.Topics[i]
		topic := w.point.proxy.topics.name(t.Topic, t.TopicID)
		partitions := t.Partitions[:0]
		for j := range t.Partitions {
			if p := &t.Partitions[j]; keep(t, topic, p) {
				partitions = append(partitions, *p)
			}
		}
		w.changed = w.changed || len(partitions) != len(t.Partitions)
		t.Partitions = partitions
		if len(partitions) > 0 {
			topics = append(topics, *t)
		}
	}
	m.Topics = topics
}

// own has the message be of this call alone: on the leg to a broker, it may share parts with the call that it is a part of.
func (w *passage) own() {
	if w.owned || !w.point.place.leg {
		return
	}
	w.owned = true
	request, err := wire.ParseRequest(w.call.frame())
	if err != nil {
		return // it is our own
	}
	w.call.Request, w.call.message = request, nil
}

// batchOf returns the batch that a Produce request has for a partition, if it is one that an application may send.
func batchOf(p *kmsg.ProduceRequestTopicPartition) (recordbatch.Batch, bool) {
	b, err := recordbatch.One(p.Records)
	return b, err == nil && !b.Control()
}

// eachFetched visits the partitions of a Fetch response.
func (w *passage) eachFetched(visit func(topic string, p *kmsg.FetchResponseTopicPartition)) {
	message, err := w.call.reply()
	if err != nil {
		return // the client finds out: what cannot be decoded is not touched
	}
	m, _ := message.(*kmsg.FetchResponse)
	for i := range m.Topics {
		t := &m.Topics[i]
		topic := w.point.proxy.topics.name(t.Topic, t.TopicID)
		for j := range t.Partitions {
			visit(topic, &t.Partitions[j])
		}
	}
}

// chosen returns the records of a batch, and which of them a rule selects. A batch that is no application's, or cannot be read, has none.
func (w *passage) chosen(m *matcher, b recordbatch.Batch) (records []kmsg.Record, selected []int) {
	if b.Control() {
		return nil, nil
	}
	records, err := w.faults.coder.Records(b)
	if err != nil {
		return nil, nil
	}
	for i := range records {
		if m.record(&records[i]) {
			selected = append(selected, i)
		}
	}
	return records, selected
}

// anyRecord reports whether a rule selects a record of any batch.
func (w *passage) anyRecord(m *matcher, raw []byte) bool {
	found := false
	recordbatch.Each(raw, func(b recordbatch.Batch) recordbatch.Batch {
		if !found {
			_, selected := w.chosen(m, b)
			found = len(selected) > 0
		}
		return b
	})
	return found
}

// carried counts the records of a Produce request by partition, nil for all others.
func (w *passage) carried() map[TopicPartition]int64 {
	if w.call.Key != kmsg.Produce {
		return nil
	}
	all := map[TopicPartition]int64{}
	w.eachProduced(func(topic string, p *kmsg.ProduceRequestTopicPartition) {
		if b, err := recordbatch.One(p.Records); err == nil {
			all[TopicPartition{topic, p.Partition}] += int64(b.Count())
		}
	})
	return all
}

// without returns the records whose index is not among the given ones, which are in order.
func without(records []kmsg.Record, out []int) []kmsg.Record {
	left := make([]kmsg.Record, 0, len(records)-len(out))
	for i, r := range records {
		if _, gone := slices.BinarySearch(out, i); !gone {
			left = append(left, r)
		}
	}
	return left
}

// only returns the records with the given indices.
func only(records []kmsg.Record, in []int) []kmsg.Record {
	kept := make([]kmsg.Record, 0, len(in))
	for _, i := range in {
		kept = append(kept, records[i])
	}
	return kept
}
