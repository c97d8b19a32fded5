package ledger

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Options of [New].
type Options struct {
	// Run is the id of the run; two ledgers of one run must differ in Instance.
	Run string
	// Instance is the number of this k6 process among those of the run, from 0.
	Instance uint8
	// Instances is how many k6 processes run the test together; 0 or 1 for a single one. Records of the others are no PHANTOM, and are
	// judged once the ledgers of all are one: see [Merged].
	Instances int
	// Grace is how long after a disturbance errors are still excused; 0 by default. See [Ledger.Disturb].
	Grace time.Duration
	// Memory is how many bytes the pages of what logs hold may take; what does not fit goes to a file in the temporary folder. 256 MiB by
	// default. Sets and the times of acks stay in memory.
	Memory int64
	// Now is the clock; time.Now by default.
	Now func() time.Time
}

// Ledger keeps what one run sent, what was acked and what was read. Everything is safe for concurrent use, and locks are held per
// producer and per partition only.
type Ledger struct {
	run       runBits
	instance  uint8
	instances int
	merged    bool             // it is made of those of several instances, and nothing is recorded in it
	now       func() time.Time `graph:"-"`
	began     time.Time        // of the ledger; with it, times become numbers

	producers atomic.Pointer[roster] // replaced as a whole, so that readers need no lock

	spill *spill

	mu         sync.RWMutex
	partitions map[TopicPartition]*partition
	topics     map[string]*topic
	groups     map[string]int
	named      map[string]bool // those of groups that are consumer groups, not readers without one
	readers    []*Reader
	finals     []*FinalRead
	audits     []*Audit
	pipelines  []*Pipeline

	committedReads  []*CommittedRead
	committedGroups map[int]bool // of readers of what is committed
	shownEarly      shownEarly

	errors       errorTallies
	misuse       misuse
	metadata     metadataLog
	disturbances disturbances
	starvation   starvation
	outages      outages
	recoveries   recoveries
	objects      objectLog
	committed    committedLog
	resets       resets
	owners       lockedMap[committedPlace, *ownership]
	storms       stormLog
	certificates certificateLog
	access       accessLog
}

// topic is what the run says about a topic.
type topic struct {
	owned      atomic.Bool
	partitions atomic.Int32 // 0: not told
}

// misuse counts calls that contradict each other: they cast doubt on the run, for the ledger cannot know which is true.
type misuse struct {
	settledTwice, settledUnsent atomic.Int64
}

// New returns an empty ledger.
func New(o Options) *Ledger {
	l := &Ledger{
		run: newRunBits(o.Run), spill: newSpill(o.Memory), instance: o.Instance, instances: o.Instances, now: o.Now, began: time.Now(),
		partitions: make(map[TopicPartition]*partition), topics: make(map[string]*topic),
		groups: make(map[string]int), named: make(map[string]bool), committedGroups: make(map[int]bool),
	}
	if l.now == nil {
		l.now = func() time.Time { return l.steady(time.Now()) }
	}
	l.disturbances.grace = o.Grace
	l.producers.Store(&roster{})
	return l
}

// Began is when the ledger was made. Times that it keeps count from there.
func (l *Ledger) Began() time.Time { return l.began }

// steady gives a time whose wall clock is as far from the ledger's beginning as its monotonic one: the clock on the wall may be set
// meanwhile, and a ledger that was saved has no other. A time without a monotonic reading stays as it is.
func (l *Ledger) steady(t time.Time) time.Time {
	if t == t.Round(0) { //nolint:staticcheck // not whether they are the same moment: whether there is a monotonic reading
		return t
	}
	return l.began.Add(t.Sub(l.began))
}

// Own says that only this run writes to the topic: any other record in it is a PHANTOM. Records of others in topics that are not
// owned are ignored.
func (l *Ledger) Own(topic string) { l.topic(topic).owned.Store(true) }

// SetPartitions tells how many partitions the topic truly has. PARTITIONER needs it before the final reads, which see the keys.
func (l *Ledger) SetPartitions(topic string, count int32) { l.topic(topic).partitions.Store(count) }

// Trimmed says that the script deleted the records below an offset on purpose: they are not lost.
func (l *Ledger) Trimmed(tp TopicPartition, before int64) {
	p := l.partition(tp)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trimmed = max(p.trimmed, before)
}

// HighestAcked returns the greatest offset that was acked, and whether there is one.
func (l *Ledger) HighestAcked(tp TopicPartition) (int64, bool) {
	p := l.partition(tp)
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.highest, p.highest >= 0
}

func (l *Ledger) topic(name string) *topic {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.topicLocked(name)
}

func (l *Ledger) topicLocked(name string) *topic {
	t, ok := l.topics[name]
	if !ok {
		t = &topic{}
		l.topics[name] = t
	}
	return t
}

func (l *Ledger) partition(tp TopicPartition) *partition {
	l.mu.RLock()
	p, ok := l.partitions[tp]
	l.mu.RUnlock()
	if ok {
		return p
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if p, ok = l.partitions[tp]; !ok {
		p = newPartition(tp, l.topicLocked(tp.Topic), l.spill)
		l.partitions[tp] = p
	}
	return p
}

// allPartitions returns the partitions by topic and number.
func (l *Ledger) allPartitions() []*partition {
	l.mu.RLock()
	all := slices.Collect(maps.Values(l.partitions))
	l.mu.RUnlock()
	slices.SortFunc(all, func(a, b *partition) int { return a.tp.compare(b.tp) })
	return all
}

// producer returns who made a record, or nil if this run never sent such a one.
func (l *Ledger) producer(s Serial) *Producer {
	p := l.producers.Load().of(s.Producer())
	if p == nil {
		p = l.sibling(s.Producer())
	}
	if p == nil || s.Sequence() >= p.next.Load() {
		return nil
	}
	return p
}

// uuidOf returns the text of a record's identity.
func (l *Ledger) uuidOf(s Serial) string { return l.run.uuid(s).String() }
