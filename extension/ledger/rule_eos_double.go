package ledger

import (
	"fmt"
	"maps"
	"slices"
)

// EOS_DOUBLE: exactly-once of consume-transform-produce (KIP-98, KIP-447) is broken: readers of what is committed are shown two outputs of
// one source record, both of transactions that may have been committed; or none, though the group has committed an offset above it and no
// transaction that may have been committed holds an output of it. Outputs of transactions that were not committed are told by ABORTED_READ,
// committed ones that are not shown by TORN_TXN, and those that are lost by LOST_ACKED.
func (j *judging) eosDouble() {
	j.ledger.mu.RLock()
	pipelines := j.ledger.pipelines
	j.ledger.mu.RUnlock()
	for _, p := range pipelines {
		p.mu.Lock()
		for _, tp := range slices.SortedFunc(maps.Keys(p.parts), TopicPartition.compare) {
			j.processedOnce(p, tp, p.parts[tp])
		}
		p.mu.Unlock()
	}
}

// processedOnce judges one partition of a source; the caller holds the pipeline's lock.
func (j *judging) processedOnce(pipeline *Pipeline, tp TopicPartition, part *pipelinePart) {
	once, covered, wasted := setOf(0, 0), setOf(0, 0), setOf(0, 0)
	for _, run := range part.runs {
		txns := &j.producer(run.producer.Serial(run.first)).txns
		for offset := run.from; offset < run.to; offset++ {
			sequence := run.first + uint64(offset-run.from)
			if txns.aborted.Contains(sequence) || txns.open.Contains(sequence) {
				wasted.Add(uint64(offset))
				continue
			}
			covered.Add(uint64(offset))
			if !txns.visible.Contains(sequence) || once.CheckedAdd(uint64(offset)) {
				continue
			}
			j.out.add(EOSDouble, func() Finding {
				f := j.record(Finding{Topic: tp.Topic, Partition: tp.Partition, Offset: offset}, newSerial(run.producer.number, sequence))
				f.Detail = fmt.Sprintf("the source record has a second output in group %q: this one, beside %s", pipeline.name,
					j.ledger.uuidOf(j.firstOutput(part, offset)))
				return f
			})
		}
	}
	j.unprocessed(pipeline, tp, part, covered)
	j.processed.Processed += int64(once.GetCardinality())
	j.processed.Redone += int64(once.AndCardinality(wasted))
}

// firstOutput finds the first output of a source record that is shown.
func (j *judging) firstOutput(part *pipelinePart, offset int64) Serial {
	for _, run := range part.runs {
		if run.from <= offset && offset < run.to {
			txns, sequence := &j.producer(run.producer.Serial(run.first)).txns, run.first+uint64(offset-run.from)
			if txns.visible.Contains(sequence) && !txns.aborted.Contains(sequence) && !txns.open.Contains(sequence) {
				return newSerial(run.producer.number, sequence)
			}
		}
	}
	return 0
}

// unprocessed judges the source records that the group has gone past.
func (j *judging) unprocessed(pipeline *Pipeline, tp TopicPartition, part *pipelinePart, covered *bitmap) {
	i := slices.IndexFunc(j.parts, func(v *partView) bool { return v.p.tp == tp })
	if i < 0 || part.next <= 0 {
		return
	}
	v := j.parts[i]
	v.p.mu.Lock()
	defer v.p.mu.Unlock()
	passed := setOf(0, part.next)
	passed.And(v.p.committed.shown.copy())
	passed.AndNot(covered)
	each(passed, func(offset int64) bool {
		j.out.add(EOSDouble, func() Finding {
			f := j.held(v, offset)
			f.Detail = fmt.Sprintf("group %q has committed offset %d, and no transaction that was committed holds an output of this record",
				pipeline.name, part.next)
			return f
		})
		return true
	})
}
