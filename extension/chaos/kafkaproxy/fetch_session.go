package kafkaproxy

import (
	"container/list"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// maxFetchSessions is how many fetch sessions are kept, as Kafka's max.incremental.fetch.session.cache.slots has it by default.
const maxFetchSessions = 1000

const (
	initialEpoch = 0  // of a request that begins a session
	finalEpoch   = -1 // of a request without one
)

// fetchCache has the sessions of fetches (KIP-227) that clients have with the one broker that they see. The least recently used
// one makes room for a new one; its client then begins another.
type fetchCache struct {
	mu   sync.Mutex
	byID map[int32]*list.Element
	used *list.List // of *fetchSession, the last used one in front
}

func newFetchCache() *fetchCache {
	return &fetchCache{byID: map[int32]*list.Element{}, used: list.New()}
}

// fetchSession remembers what a client fetches, so that its requests name what changes only, and so that answers do.
type fetchSession struct {
	id    int32
	epoch int32 // of the next request
	ids   bool  // topics have ids
	order []position
	wants map[position]*remembered
}

// remembered is a partition of a session, and what its client knows of it.
type remembered struct {
	want       kmsg.FetchRequestTopicPartition
	told       bool
	high       int64
	stable     int64
	start      int64
	hadAnError bool
}

// open finds what a request asks for: its own partitions, or those of its session. A code other than 0 is what a broker answers to
// a session that it does not know, or not so.
func (s *fetchCache) open(q *kmsg.FetchRequest) (session *fetchSession, wants []want, code int16) {
	if q.Version < 7 || q.SessionEpoch == finalEpoch || q.SessionEpoch == initialEpoch {
		wants = wantsOf(q)
		s.mu.Lock()
		defer s.mu.Unlock()
		if q.Version >= 7 && q.SessionID != 0 {
			s.remove(q.SessionID)
		}
		if q.Version < 7 || q.SessionEpoch == finalEpoch {
			return nil, wants, 0
		}
		return s.begin(q.Version >= 13, wants), wants, 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	element := s.byID[q.SessionID]
	if element == nil {
		return nil, nil, kerr.FetchSessionIDNotFound.Code
	}
	session = element.Value.(*fetchSession)
	switch {
	case session.ids != (q.Version >= 13):
		return nil, nil, kerr.FetchSessionTopicIDError.Code
	case session.epoch != q.SessionEpoch:
		return nil, nil, kerr.InvalidFetchSessionEpoch.Code
	}
	s.used.MoveToFront(element)
	session.update(q)
	for _, at := range session.order {
		wants = append(wants, want{at, session.wants[at].want})
	}
	return session, wants, 0
}

func (s *fetchCache) begin(ids bool, wants []want) *fetchSession {
	for len(s.byID) >= maxFetchSessions {
		s.remove(s.used.Back().Value.(*fetchSession).id)
	}
	session := &fetchSession{epoch: 1, ids: ids, wants: map[position]*remembered{}}
	for session.id == 0 || s.byID[session.id] != nil {
		session.id = rand.Int32N(math.MaxInt32)
	}
	for _, w := range wants {
		session.add(w.position, w.partition)
	}
	s.byID[session.id] = s.used.PushFront(session)
	return session
}

func (s *fetchCache) remove(id int32) {
	if element := s.byID[id]; element != nil {
		s.used.Remove(element)
		delete(s.byID, id)
	}
}

func (s *fetchSession) add(at position, p kmsg.FetchRequestTopicPartition) {
	if known := s.wants[at]; known != nil {
		known.want = p
		return
	}
	s.wants[at] = &remembered{want: p}
	s.order = append(s.order, at)
}

// update takes what a request changes.
func (s *fetchSession) update(q *kmsg.FetchRequest) {
	if s.epoch++; s.epoch < 0 { // it was the greatest
		s.epoch = 1
	}
	for _, w := range wantsOf(q) {
		s.add(w.position, w.partition)
	}
	if len(q.ForgottenTopics) == 0 {
		return
	}
	for _, topic := range q.ForgottenTopics {
		for _, p := range topic.Partitions {
			delete(s.wants, position{topic.Topic, topic.TopicID, p})
		}
	}
	left := s.order[:0]
	for _, at := range s.order {
		if s.wants[at] != nil {
			left = append(left, at)
		}
	}
	s.order = left
}

// answer leaves out what the client knows already. Partitions that had records go to the end, so that all get their turn.
func (s *fetchCache) answer(session *fetchSession, full bool, results []result) []result {
	s.mu.Lock()
	defer s.mu.Unlock()
	var tell []result
	busy := map[position]bool{}
	for _, r := range results {
		p := session.wants[r.position]
		if p == nil { // a request that overtook this one has removed it
			continue
		}
		if p.changed(r.answer) || full {
			tell = append(tell, r)
		}
		busy[r.position] = len(r.answer.RecordBatches) > 0
	}
	var order, last []position
	for _, at := range session.order {
		if busy[at] {
			last = append(last, at)
		} else {
			order = append(order, at)
		}
	}
	session.order = slices.Concat(order, last)
	return tell
}

// changed reports whether there is something to tell the client, who then knows it.
func (p *remembered) changed(answer *kmsg.FetchResponseTopicPartition) bool {
	changed := !p.told || len(answer.RecordBatches) > 0 || answer.ErrorCode != 0 || p.hadAnError || answer.DivergingEpoch.Epoch >= 0 ||
		p.high != answer.HighWatermark || p.stable != answer.LastStableOffset || p.start != answer.LogStartOffset
	p.told, p.hadAnError = true, answer.ErrorCode != 0
	p.high, p.stable, p.start = answer.HighWatermark, answer.LastStableOffset, answer.LogStartOffset
	return changed
}
