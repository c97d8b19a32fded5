package kafkaproxy

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/recordbatch"
)

// corruptRequest spoils records before a broker gets them.
func (w *passage) corruptRequest(f *Fault) {
	w.changeProduced(func(_ *kmsg.ProduceRequestTopic, topic string, p *kmsg.ProduceRequestTopicPartition) bool {
		at := TopicPartition{topic, p.Partition}
		b, ok := batchOf(p)
		if !ok || !f.matcher.at(topic, p.Partition) || !w.spoilable(f.matcher, b) {
			return true
		}
		if w.numbers().watch(b, at); w.numbers().through(b, at) {
			return true // sent again: it may be in the log, in order
		}
		t, ok := f.take()
		if !ok {
			return true
		}
		spoilt, n, err := w.spoil(b, t)
		if err != nil || n == 0 {
			t.miss()
			return true
		}
		p.Records, w.changed = spoilt, true
		w.note(f, at, n, OnRequest)
		t.hit(map[TopicPartition]int64{at: n})
		return true
	})
}

// corruptFetched spoils one batch for one reader.
func (w *passage) corruptFetched(f *Fault) error {
	eligible := func(raw []byte) bool {
		found := false
		recordbatch.Each(raw, func(b recordbatch.Batch) recordbatch.Batch {
			found = found || w.spoilable(f.matcher, b)
			return b
		})
		return found
	}
	done := map[uint64]bool{} // by turn
	return w.changeFetched(f, eligible, func(b recordbatch.Batch, t turn) (recordbatch.Batch, int64, error) {
		if done[t.luck] || !w.spoilable(f.matcher, b) {
			return b, 0, nil
		}
		done[t.luck] = true
		return w.spoil(b, t)
	})
}

// spoilable reports whether there is anything in a batch for the rule to spoil.
func (w *passage) spoilable(m *matcher, b recordbatch.Batch) bool {
	if m.What == SpoilChecksum && !m.picky() {
		return !b.Control()
	}
	_, selected := w.victims(m, b)
	return len(selected) > 0
}

// victims returns the records of a batch, and which of them can be spoilt.
func (w *passage) victims(m *matcher, b recordbatch.Batch) (records []kmsg.Record, selected []int) {
	records, selected = w.chosen(m, b)
	if m.What != SpoilChecksum {
		selected = slices.DeleteFunc(selected, func(i int) bool { return len(records[i].Value) == 0 })
	}
	return records, selected
}

// spoil returns the batch spoilt, and how many records that concerns.
func (w *passage) spoil(b recordbatch.Batch, t turn) (recordbatch.Batch, int64, error) {
	m := t.fault.matcher
	if m.What == SpoilChecksum {
		return b.Broken(), int64(b.Count()), nil
	}
	records, selected := w.victims(m, b)
	r := &records[selected[int(t.luck%uint64(len(selected)))]]
	r.Value = slices.Clone(r.Value)
	r.Value[int((t.luck>>32)%uint64(len(r.Value)))] ^= 1
	spoilt, err := w.faults.coder.WithRecords(b, records)
	return spoilt, 1, err
}
