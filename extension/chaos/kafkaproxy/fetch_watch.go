package kafkaproxy

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// watchLanes is how many watches of one session may be under way at one broker. A client that changes what it fetches leaves some
// behind, which end by themselves when their time is over.
const watchLanes = 3

// watches tell a session that a broker has records: long polls for as little as possible, whose records are thrown away. What is
// under way when a fetch is answered serves the next one, if that asks for the same.
type watches struct {
	router *endpointRouter
	turn   sync.Mutex // one fetch at a time
	list   []*watch
	late   map[*backend]*lateShare
	ended  chan struct{} // holds one token when a watch, or what is late, may have ended
}

// watch is one long poll.
type watch struct {
	backend *backend
	kind    legKind
	call    *call
	offsets map[position]int64
	bytes   int // that it waits for
}

// wait returns when one of the brokers has more than it had, or the time is over. It reports whether it is worth to ask again:
// at the end of the time it is, for a last time.
func (w *watches) wait(f *fetching, deadline time.Time) bool {
	if !time.Now().Before(deadline) {
		return false
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	for {
		for _, s := range f.shares {
			w.arm(f, s, deadline)
		}
		select {
		case <-w.ended:
		case <-timer.C:
			return true
		case <-f.router.ctx.Done():
			return false
		}
		if w.reap() || w.caughtUp(f) {
			return true
		}
	}
}

// arm has a broker watched, unless it is already.
func (w *watches) arm(f *fetching, s *share, deadline time.Time) {
	bytes := f.missing(s)
	for _, old := range w.list {
		if old.backend == s.backend && old.covers(s.wants, bytes) {
			return
		}
	}
	kind := w.lane(s.backend)
	wait := max(time.Until(deadline), time.Millisecond)
	q := f.question(s.wants, wait, int32(bytes), 1)
	fresh := &watch{backend: s.backend, kind: kind, offsets: map[position]int64{}, bytes: bytes}
	for _, want := range s.wants {
		fresh.offsets[want.position] = want.partition.FetchOffset
	}
	fresh.call = partOf(f.call, q, func(*call) { w.tell() })
	w.list = append(w.list, fresh)
	w.router.leg(s.backend, kind).send(fresh.call)
}

// missing is how many bytes a broker must have before all of them together can have enough: what it had, and its part of the rest.
func (f *fetching) missing(s *share) int {
	sum := 0
	for _, each := range f.shares {
		sum += each.bytes
	}
	n := len(f.shares)
	return min(s.bytes+max(1, (int(f.q.MinBytes)-sum+n-1)/n), math.MaxInt32)
}

// covers reports whether a watch tells of everything that is wanted, early enough.
func (w *watch) covers(wants []want, bytes int) bool {
	if w.bytes > bytes {
		return false
	}
	for _, want := range wants {
		if offset, there := w.offsets[want.position]; !there || offset != want.partition.FetchOffset {
			return false
		}
	}
	return true
}

// tell wakes the fetch that waits, or the next one.
func (w *watches) tell() {
	select {
	case w.ended <- struct{}{}:
	default:
	}
}

// reap forgets watches that have ended. It reports whether one of them tells of something.
func (w *watches) reap() bool {
	something := false
	w.list = slices.DeleteFunc(w.list, func(old *watch) bool {
		select {
		case <-old.call.done:
		default:
			return false
		}
		response, err := old.call.answered()
		if err != nil {
			something = true // who asks again learns more
			return true
		}
		m := response.(*kmsg.FetchResponse)
		something = something || m.ErrorCode != 0
		for i := range m.Topics {
			for j := range m.Topics[i].Partitions {
				p := &m.Topics[i].Partitions[j]
				something = something || len(p.RecordBatches) > 0 || p.ErrorCode != 0 || p.DivergingEpoch.Epoch >= 0
			}
		}
		return true
	})
	return something
}

// lane returns a lane to a broker on which no watch is under way. If there is none, the oldest watch is given up.
func (w *watches) lane(b *backend) legKind {
	var used []legKind
	for _, old := range w.list {
		if old.backend == b {
			used = append(used, old.kind)
		}
	}
	for kind := watchLeg; kind < watchLeg+watchLanes; kind++ {
		if !slices.Contains(used, kind) {
			return kind
		}
	}
	w.list = slices.DeleteFunc(w.list, func(old *watch) bool {
		if old.backend == b && old.kind == used[0] {
			w.router.drop(w.router.leg(b, old.kind))
			return true
		}
		return false
	})
	return used[0]
}
