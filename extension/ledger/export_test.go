package ledger

import (
	"fmt"
	"io"
	"maps"
	"slices"
)

// Skip counts n records as sent without making them: benchmarks track more than they could make.
func (p *Producer) Skip(n uint64) { p.next.Add(n) }

// ReadSerial is Read for a record whose identity is known already.
func (f *FinalRead) ReadSerial(tp TopicPartition, offset int64, s Serial) {
	f.Log(tp).own(f.ledger.producer(s), s, &Record{Offset: offset})
}

// SpillInto has pages that do not fit into memory written to something else than a file.
func (l *Ledger) SpillInto(file interface {
	io.ReaderAt
	io.WriterAt
},
) {
	l.spill.file = file
}

// Spilled is how many bytes were written to the file, and how many of pages are in memory.
func (l *Ledger) Spilled() (away, held int64) { return l.spill.end, l.spill.held.Load() }

// ShowSerial is a record that a live reader is shown.
func (l *Ledger) ShowSerial(tp TopicPartition, offset int64, s Serial) {
	l.partition(tp).show(offset, s, "r", live, l.now)
}

// ScansAlike says in what the scans of a judgement differ from going through all claims one by one.
func (l *Ledger) ScansAlike(o JudgeOptions) string {
	o.setDefaults()
	fast, plain := l.readyToScan(o), l.readyToScan(o)
	fast.scans()
	plain.scansPlainly()
	for i, v := range fast.parts {
		other := plain.parts[i]
		switch {
		case !v.confirmed.bitmap().Equals(other.confirmed.bitmap()):
			return v.p.tp.String() + ": confirmed"
		case !v.lost.bitmap().Equals(other.lost.bitmap()), !v.mismatched.bitmap().Equals(other.mismatched.bitmap()):
			return v.p.tp.String() + ": lost or mismatched"
		case !maps.Equal(v.reordered, other.reordered), v.suffix != other.suffix:
			return v.p.tp.String() + ": reordered or suffix"
		}
	}
	for i, p := range fast.producers {
		if other := plain.producers[i]; !p.missing.Equals(other.missing) || !p.mismatched.Equals(other.mismatched) {
			return p.name + ": missing or mismatched"
		}
	}
	every := func(bucketKey) bool { return true }
	if a, b := fast.out.findings(every), plain.out.findings(every); !slices.Equal(a, b) {
		return fmt.Sprintf("findings: %v and %v", a, b)
	}
	return ""
}

func (l *Ledger) readyToScan(o JudgeOptions) *judging {
	j := &judging{
		ledger: l, options: o, counts: l.Counts(), out: newCollector(o), copies: map[Serial][]place{}, wanted: map[Serial]place{},
		overwritten: map[TopicPartition][]*overwrittenObject{}, doubled: map[committedPlace]bool{},
	}
	for _, step := range [...]func(){
		j.view, j.explainUneven, j.rewrites, j.passed, j.completeness, j.committedCompleteness, j.locateDuplicates, j.clashes,
	} {
		step()
	}
	return j
}

func (j *judging) scansPlainly() {
	for _, v := range j.parts {
		v.p.mu.Lock()
		j.keyReorder(v)
		order := newLogOrder(j, v)
		v.eachClaim(func(offset int64, acked, read cell) {
			if v.rewritten.Contains(uint64(offset)) {
				return
			}
			shown := read != 0 && v.shown.Contains(uint64(offset))
			same := shown && acked != 0 && acked.serial() == read.serial()
			switch {
			case acked == 0:
			case same:
				v.confirmed.add(uint64(offset))
			default:
				j.unconfirmed(v, offset, acked.serial())
			}
			if shown && !order.next(offset, read.serial(), same) {
				order.tell(offset, read.serial(), same)
			}
		})
		j.survivors(v)
		v.p.mu.Unlock()
	}
}

// MaxKeys is how many keys of a partition are compared.
const MaxKeys = maxKeys

// Many is one of several instances that each sent the same number of records, in batches that take turns in all partitions. Of each
// partition it is told of the records that are its own and, where it has read everything, twice, of all others.
type Many struct {
	Instance, Instances        int
	Producers                  int  // of each instance
	Partitions, Batch, Batches int  // of so many records, and so many of them in a partition
	Own                        bool // each instance has partitions of its own
	Reads                      bool
}

// Ledger makes its ledger, as if all had been told to it one by one.
func (m Many) Ledger(run string) *Ledger {
	l := New(Options{Run: run, Instance: uint8(m.Instance), Instances: m.Instances})
	for range m.Producers {
		l.NewProducer(ProducerOptions{Name: "p", Idempotent: true, Ordered: true}).next.Store(maxSequence)
	}
	finals := []*FinalRead{}
	if m.Reads {
		finals = append(finals, l.NewFinalRead("final 1"), l.NewFinalRead("final 2"))
	}
	next := map[uint32]uint64{}
	for number := range m.Partitions {
		instance := number % m.Instances
		if m.Own && instance != m.Instance {
			continue
		}
		part := l.partition(TopicPartition{Topic: "t", Partition: int32(number)})
		part.topic.owned.Store(true)
		for batch := range m.Batches {
			if !m.Own {
				instance = (number + batch) % m.Instances
			}
			by := uint32(instance)<<16 | uint32(batch*7%m.Producers)
			from, offset := next[by], int64(batch*m.Batch)
			next[by] += uint64(m.Batch)
			m.batch(l, part, offset, newSerial(by, from))
		}
		end := int64(m.Batches * m.Batch)
		for _, f := range finals {
			f.Begin(part.tp, Ends{Listed: end, HighWatermark: -1})
			part.final(f).shown.addRange(0, uint64(end))
			part.final(f).returned.addRange(0, uint64(end))
			f.End(part.tp, Ends{Listed: end, HighWatermark: end, Reached: end, EmptyAtEnd: true})
		}
	}
	for number, n := range next {
		if p := l.producer(newSerial(number, 0)); p != nil && !p.sibling {
			p.next.Store(n)
		}
	}
	return l
}

// batch tells of the records of one batch what the instance knows of it.
func (m Many) batch(l *Ledger, part *partition, offset int64, first Serial) {
	flags, p := cell(0), l.producer(first)
	if m.Reads {
		flags = flagRead
		for i := range 2 {
			at(&p.found, i).addRange(first.Sequence(), first.Sequence()+uint64(m.Batch))
		}
	}
	if !p.sibling {
		flags |= flagAcked
		p.acked.addRange(first.Sequence(), first.Sequence()+uint64(m.Batch))
		part.highest = offset + int64(m.Batch) - 1
	}
	for i := range m.Batch {
		if flags != 0 {
			part.claims.put(offset+int64(i), cell(first+Serial(i))|flags)
		}
	}
}
