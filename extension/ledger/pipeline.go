package ledger

import "sync"

// Pipeline is one consume-transform-produce (KIP-98, KIP-447): each record of its source becomes one record elsewhere, in a transaction
// that also holds how far the source was consumed. All processors that come one after the other, or share the work in a group, are one.
type Pipeline struct {
	name string

	mu    sync.Mutex
	parts map[TopicPartition]*pipelinePart
}

// pipelinePart is what became of one partition of the source.
type pipelinePart struct {
	runs []derived
	next int64 // what the group has committed in the end, −1 if nothing is known
}

// derived are source records, one after the other, whose outputs have sequences one after the other.
type derived struct {
	from, to int64 // source offsets, to exclusive
	producer *Producer
	first    uint64 // sequence of the output of from
}

// NewPipeline adds a pipeline. The name is for evidence: that of its group.
func (l *Ledger) NewPipeline(name string) *Pipeline {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := &Pipeline{name: name, parts: map[TopicPartition]*pipelinePart{}}
	l.pipelines = append(l.pipelines, p)
	return p
}

// Derived says that a record is the output of a source record, before it is sent. A source record that is processed again has another one.
func (p *Pipeline) Derived(source TopicPartition, offset int64, by *Producer, output Serial) {
	p.mu.Lock()
	defer p.mu.Unlock()
	part := p.part(source)
	if n := len(part.runs); n > 0 {
		last := &part.runs[n-1]
		if last.producer == by && last.to == offset && last.first+uint64(last.to-last.from) == output.Sequence() {
			last.to++
			return
		}
	}
	part.runs = append(part.runs, derived{offset, offset + 1, by, output.Sequence()})
}

// Consumed says what the group has committed when all is over: all that is below was processed.
func (p *Pipeline) Consumed(source TopicPartition, next int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.part(source).next = next
}

func (p *Pipeline) part(source TopicPartition) *pipelinePart {
	part, ok := p.parts[source]
	if !ok {
		part = &pipelinePart{next: -1}
		p.parts[source] = part
	}
	return part
}
