package ledger

import (
	"fmt"
	"sync"
	"time"
)

// ObjectSeen is an object of the bucket as it was at a time, for [Ledger.SawObject].
type ObjectSeen struct {
	Key     string
	TP      TopicPartition
	Base    int64     // offset of its first record
	ETag    string    // without quotes; "" if not known
	Size    int64     // in bytes; not positive if not known
	At      time.Time // when it was seen, or written
	Version string    // where the store keeps versions
}

// objectLog keeps one state of each object, and the objects that had another one.
type objectLog struct {
	mu          sync.Mutex
	states      map[string]objectState
	overwritten map[string]*overwrite
	order       []string
	beyond      int64 // overwritten objects that were not kept
}

type objectState struct {
	etag string
	size int64
	at   time.Time
}

// overwrite is an object of which two states were seen.
type overwrite struct {
	key           string
	tp            TopicPartition
	base          int64
	before, after objectState
}

// SawObject records a state of an object: from looks at the bucket over time, from the versions that the store keeps, or from writes that
// were seen to succeed. Two states of one key say that it was overwritten: its ETag differs or, where that is not known, its size. The
// same content written again is no other state. It feeds OBJECT_MISMATCH and is evidence for REWRITE.
func (l *Ledger) SawObject(o ObjectSeen) {
	log, now := &l.objects, objectState{o.ETag, o.Size, l.steady(o.At)}
	l.partition(o.TP) // has to exist where a finding is about it
	log.mu.Lock()
	defer log.mu.Unlock()
	was, known := log.states[o.Key]
	if log.states == nil {
		log.states, log.overwritten = map[string]objectState{}, map[string]*overwrite{}
	}
	if !known {
		log.states[o.Key] = now
		return
	}
	if !was.differs(now) {
		if was.etag == "" || was.size <= 0 {
			log.states[o.Key] = now.completed(was)
		}
		return
	}
	if log.overwritten[o.Key] != nil {
		return
	}
	if len(log.order) == maxOdd {
		log.beyond++
		return
	}
	if now.at.Before(was.at) {
		was, now = now, was
	}
	log.overwritten[o.Key] = &overwrite{o.Key, o.TP, o.Base, was, now}
	log.order = append(log.order, o.Key)
}

func (s objectState) differs(other objectState) bool {
	if s.etag != "" && other.etag != "" {
		return s.etag != other.etag
	}
	return s.size > 0 && other.size > 0 && s.size != other.size
}

// completed fills in what is not known from an equal state.
func (s objectState) completed(from objectState) objectState {
	if s.etag == "" {
		s.etag = from.etag
	}
	if s.size <= 0 {
		s.size = from.size
	}
	return s
}

// String says what became of the object.
func (o *overwrite) String() string {
	if o.before.etag != "" && o.after.etag != "" {
		return fmt.Sprintf("object overwritten: etag %s → %s", o.before.etag, o.after.etag)
	}
	return fmt.Sprintf("object overwritten: %d → %d bytes", o.before.size, o.after.size)
}

// overwrites gives the objects of a partition that were overwritten, in the order in which that was noticed.
func (l *objectLog) overwrites(tp TopicPartition) (all []*overwrite) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, key := range l.order {
		if o := l.overwritten[key]; o.tp == tp {
			all = append(all, o)
		}
	}
	return all
}

func (l *objectLog) notKept() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.beyond
}
