package kafkaproxy

import (
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// fetchPatience is how long a broker may take to say what records there are. It is less than clients have patience, and more
	// than faults delay.
	fetchPatience = 20 * time.Second
	// leastPatience is how long brokers have at least before a client gets what others have, though it would wait for less.
	leastPatience = 100 * time.Millisecond
)

// round asks all brokers for what there is. Each may give its part of the bytes that the client takes. Who is late keeps nobody
// waiting for longer than the client waits, and a second time for nothing.
func (f *fetching) round(deadline time.Time) ([]result, int16) {
	w := &f.router.watches
	w.giveUp()
	parts := make([]*call, len(f.shares))
	most := max(1, f.q.MaxBytes/int32(max(1, len(f.shares))))
	for i, s := range f.shares {
		if late := w.late[s.backend]; late != nil {
			if !late.call.ended() || late.serves(s.wants) {
				parts[i] = late.call
				continue
			}
			delete(w.late, s.backend)
		}
		parts[i] = partOf(f.call, f.question(s.wants, 0, 0, most), func(*call) { w.tell() })
		f.router.leg(s.backend, fetchLeg).send(parts[i])
	}
	silence := f.router.endpoint.proxy.options.Silence
	grace := min(silence, max(leastPatience, time.Duration(f.q.MaxWaitMillis)*time.Millisecond))
	patience := time.NewTimer(max(time.Until(deadline), grace))
	defer patience.Stop()
	for i, p := range parts {
		if w.late[f.shares[i].backend] != nil {
			continue
		}
		select {
		case <-p.done: // legs end with the session, and calls with their legs
		case <-patience.C:
			patience.Reset(0) // for those behind it, too
			w.late[f.shares[i].backend] = &lateShare{call: p, wants: f.shares[i].wants, since: time.Now()}
		}
	}
	results, code := f.results(f.shares, parts)
	for _, s := range f.shares {
		if late := w.late[s.backend]; late != nil && late.call.ended() {
			delete(w.late, s.backend) // the client has it
		}
	}
	return results, code
}

// lateShare is what a broker was asked for and has not answered in time.
type lateShare struct {
	call  *call
	wants []want
	since time.Time
}

// serves reports whether an answer that came late has something for who wants the same. One without records may be out of date.
func (l *lateShare) serves(wants []want) bool {
	response, err := l.call.answered()
	if err != nil || len(wants) != len(l.wants) {
		return err != nil
	}
	for i, want := range wants {
		if want.position != l.wants[i].position || want.partition.FetchOffset != l.wants[i].partition.FetchOffset {
			return false
		}
	}
	m := response.(*kmsg.FetchResponse)
	for i := range m.Topics {
		for j := range m.Topics[i].Partitions {
			if len(m.Topics[i].Partitions[j].RecordBatches) > 0 {
				return true
			}
		}
	}
	return false
}

// giveUp ends what has been late for so long that it will not come any more.
func (w *watches) giveUp() {
	for b, late := range w.late {
		if late.call.ended() || time.Since(late.since) < fetchPatience {
			continue
		}
		g := w.router.leg(b, fetchLeg)
		w.router.missed(g, errUnanswered)
		late.call.fail(errUnanswered)
		w.router.drop(g)
	}
}

// caughtUp reports whether a broker of a fetch that was late is not any more.
func (w *watches) caughtUp(f *fetching) bool {
	for _, s := range f.shares {
		if late := w.late[s.backend]; late != nil && late.call.ended() {
			return true
		}
	}
	return false
}

// owe leaves out the partitions of a broker that is late. Only the first answer of a fetch session, and one without a session, has to
// have them all: there they are refused, as by a broker that does not lead them.
func (f *fetching) owe(s *share, place map[position]*kmsg.FetchResponseTopicPartition) {
	if f.session != nil && f.q.SessionEpoch != initialEpoch {
		return
	}
	for _, w := range s.wants {
		f.owed[w.position] = true
		place[w.position] = refusedFetch(w.position, kerr.NotLeaderForPartition.Code)
	}
}
