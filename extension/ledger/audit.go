package ledger

import (
	"hash/maphash"
	"time"
)

// Object is one object of the bucket that holds records.
type Object struct {
	Key        string
	TP         TopicPartition
	Base, Last int64 // offsets of the first and the last record that it covers
	// Written is when the first successful write of it completed; zero if that is not known.
	Written time.Time
}

// Audit compares the bucket with the log. Calls for one partition are made one after the other; different partitions may be
// audited in parallel. It belongs behind the final reads: a record that lands between would be missed in the bucket.
type Audit struct {
	ledger *Ledger
	parts  lockedMap[TopicPartition, *auditPart]
	failed lockedMap[string, struct{}]
}

// auditPart is what the bucket holds of one partition.
type auditPart struct {
	part     *partition
	complete bool
	objects  []Object
	held     set     // offsets whose object record is the one that reads show
	other    pageLog // object records that are not, or that had not been read yet; all with flagRead
	differs  set     // offsets in other
	odd      oddContents
	ignored  set // offsets of records of others in a topic that is not owned
	damaged  []damagedObject
	clash    set
	clashes  bounded[objectClash]
	sources  bounded[objectClash] // where the records of other and odd came from
}

// objectClash is a record in an object that differs from what another object holds at that offset.
type objectClash struct {
	offset int64
	object string
}

// NewAudit adds an audit of the bucket.
func (l *Ledger) NewAudit() *Audit {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := &Audit{ledger: l}
	l.audits = append(l.audits, a)
	return a
}

// Object adds an object that covers offsets of a partition, before its records are read.
func (a *Audit) Object(o Object) {
	p := a.of(o.TP)
	p.part.mu.Lock()
	defer p.part.mu.Unlock()
	p.objects = append(p.objects, o)
}

// Read records one record of an object.
func (a *Audit) Read(tp TopicPartition, key string, record Record) {
	id := identify(a.ledger.run, &record)
	a.ledger.sender(&id)
	p := a.of(tp)
	p.part.mu.Lock()
	defer p.part.mu.Unlock()
	clashes := false
	switch {
	case id.Kind == Own:
		clashes = p.own(record.Offset, id.Serial, key)
	case p.part.concerns(&id):
		clashes = p.stray(record.Offset, contentHash(&record), key)
	default:
		p.ignored.add(uint64(record.Offset))
	}
	if clashes && p.clash.add(uint64(record.Offset)) {
		p.clashes.add(objectClash{record.Offset, key})
	}
}

// own records a sound record of this run, and tells whether another object holds a different one at its offset.
func (p *auditPart) own(offset int64, s Serial, key string) (clashes bool) {
	_, read := p.part.views(offset)
	if p.odd.has(offset) {
		return true
	}
	if p.held.contains(uint64(offset)) {
		return read.serial() != s
	}
	if p.differs.contains(uint64(offset)) {
		return p.other.get(offset).serial() != s
	}
	if read != 0 && read.serial() == s {
		p.held.add(uint64(offset))
		return false
	}
	p.other.put(offset, cell(s)|flagRead)
	p.differs.add(uint64(offset))
	p.sources.add(objectClash{offset, key})
	return false
}

// stray records what is not a sound record of this run.
func (p *auditPart) stray(offset int64, content uint64, key string) (clashes bool) {
	if p.held.contains(uint64(offset)) || p.differs.contains(uint64(offset)) {
		return true
	}
	before, ok := p.odd.get(offset)
	if !ok {
		p.odd.add(offset, content)
		p.sources.add(objectClash{offset, key})
	}
	return ok && before != content
}

// damagedObject is an object that is not what its layout prescribes.
type damagedObject struct{ key, reason string }

// Damaged records an object that could not be understood: its records are in no object then, and it is evidence itself.
func (a *Audit) Damaged(tp TopicPartition, key, reason string) {
	p := a.of(tp)
	p.part.mu.Lock()
	defer p.part.mu.Unlock()
	p.damaged = append(p.damaged, damagedObject{key, reason})
}

// Complete says that all objects of the partition have been read.
func (a *Audit) Complete(tp TopicPartition) {
	p := a.of(tp)
	p.part.mu.Lock()
	defer p.part.mu.Unlock()
	p.complete = true
}

// Fail says that the audit could not be made, or not in full: the bucket is in doubt.
func (a *Audit) Fail(reason string) {
	a.failed.get(reason, func() struct{} { return struct{}{} })
}

func (a *Audit) of(tp TopicPartition) *auditPart {
	return a.parts.get(tp, func() *auditPart { return &auditPart{part: a.ledger.partition(tp)} })
}

// maxOdd bounds how many records that are not sound records of this run can be compared one by one.
const maxOdd = 1 << 16

// oddContents keeps hashes of records that cannot be told by their identity.
type oddContents struct {
	hashes map[int64]uint64
	beyond bool
}

func (o *oddContents) add(offset int64, hash uint64) {
	if o.hashes == nil {
		o.hashes = make(map[int64]uint64)
	}
	if len(o.hashes) >= maxOdd {
		o.beyond = true
		return
	}
	o.hashes[offset] = hash
}

func (o *oddContents) get(offset int64) (uint64, bool) {
	hash, ok := o.hashes[offset]
	return hash, ok
}

func (o *oddContents) has(offset int64) bool {
	_, ok := o.hashes[offset]
	return ok
}

// hashSeed makes hashes comparable within this process, which is all that they are used for.
var hashSeed = maphash.MakeSeed()

// contentHash covers key, value and headers; null and empty differ.
func contentHash(r *Record) uint64 {
	var h maphash.Hash
	h.SetSeed(hashSeed)
	add := func(b []byte) {
		n := len(b)
		if b == nil {
			n = -1
		}
		maphash.WriteComparable(&h, n)
		_, _ = h.Write(b)
	}
	add(r.Key)
	add(r.Value)
	for _, header := range r.Headers {
		add([]byte(header.Key))
		add(header.Value)
	}
	return h.Sum64()
}
