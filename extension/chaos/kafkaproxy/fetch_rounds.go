package kafkaproxy

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// want is a partition that a client fetches.
type want struct {
	position
	partition kmsg.FetchRequestTopicPartition
}

// result is what it gets of it.
type result struct {
	position
	answer *kmsg.FetchResponseTopicPartition
}

func wantsOf(q *kmsg.FetchRequest) []want {
	var wants []want
	for i := range q.Topics {
		topic := &q.Topics[i]
		for _, p := range topic.Partitions {
			wants = append(wants, want{position{topic.Topic, topic.TopicID, p.Partition}, p})
		}
	}
	return wants
}

// share is what one broker is asked for, of a fetch.
type share struct {
	backend *backend
	wants   []want
	bytes   int // that it had when it was last asked
}

// fetching is one fetch of a client.
type fetching struct {
	router  *endpointRouter
	call    *call
	q       *kmsg.FetchRequest
	session *fetchSession // nil if it has none
	wants   []want
	shares  []*share
	refused map[position]int16
	owed    map[position]bool // that brokers are late with
	frames  [][]byte          // what the brokers answered last, whose records the client gets
}

// fetch answers a fetch of one broker's partitions with what that broker says. One of several brokers' is put together: they are
// asked for what there is; if that is too little they are watched, and asked again when one of them has more, or at the end of the
// time that the client has given. So a broker without records delays nobody, and what a client gets was read after it asked.
func fetch(ctx context.Context, r *endpointRouter, c *call) error {
	message, err := c.request()
	if err != nil {
		return err
	}
	f := &fetching{router: r, call: c, q: message.(*kmsg.FetchRequest)}
	var code int16
	if f.session, f.wants, code = r.endpoint.fetches.open(f.q); code != 0 {
		response := kmsg.NewPtrFetchResponse()
		response.ErrorCode = code
		c.respond(response)
		return nil
	}
	f.divide(ctx)
	switch {
	case len(f.wants) == 0:
		f.respond(nil, 0)
	case len(f.shares) == 1 && len(f.refused) == 0:
		f.fromOne()
	default:
		if !r.later(f.fromSeveral) {
			c.fail(errNotSent)
		}
	}
	return nil
}

// divide finds out whom to ask for what.
func (f *fetching) divide(ctx context.Context) {
	all := make([]position, len(f.wants))
	for i, w := range f.wants {
		all[i] = w.position
	}
	found := f.router.targets(ctx, all)
	shares := map[*backend]*share{}
	f.refused = map[position]int16{}
	for _, w := range f.wants {
		to := found[w.position]
		if to.code != 0 {
			f.refused[w.position] = to.code
			continue
		}
		s := shares[to.backend]
		if s == nil {
			s = &share{backend: to.backend}
			shares[to.backend] = s
			f.shares = append(f.shares, s)
		}
		s.wants = append(s.wants, w)
	}
}

// question is a fetch of some partitions, without a session: clients have theirs with the proxy.
func (f *fetching) question(wants []want, wait time.Duration, minBytes, maxBytes int32) *kmsg.FetchRequest {
	q := *f.q
	q.SessionID, q.SessionEpoch, q.ForgottenTopics, q.Topics = 0, finalEpoch, nil, nil
	q.Rack = "" // the leader answers itself, for clients cannot reach a follower
	q.MaxWaitMillis, q.MinBytes, q.MaxBytes = int32(wait.Milliseconds()), minBytes, maxBytes
	for _, w := range wants {
		n := len(q.Topics)
		if n == 0 || q.Topics[n-1].Topic != w.topic || q.Topics[n-1].TopicID != w.id {
			topic := kmsg.NewFetchRequestTopic()
			topic.Topic, topic.TopicID = w.topic, w.id
			q.Topics = append(q.Topics, topic)
			n++
		}
		w.partition.CurrentLeaderEpoch = -1 // as forgetEpochs has it
		q.Topics[n-1].Partitions = append(q.Topics[n-1].Partitions, w.partition)
	}
	return &q
}

// fromOne has the one broker wait as the client asks.
func (f *fetching) fromOne() {
	s := f.shares[0]
	wait := time.Duration(f.q.MaxWaitMillis) * time.Millisecond
	then := func(p *call) {
		results, code := f.results([]*share{s}, []*call{p})
		f.respond(results, code)
	}
	f.router.leg(s.backend, fetchLeg).send(partOf(f.call, f.question(s.wants, wait, f.q.MinBytes, f.q.MaxBytes), then))
}

func (f *fetching) fromSeveral() {
	r := f.router
	r.watches.turn.Lock()
	defer r.watches.turn.Unlock()
	deadline := time.Now().Add(time.Duration(f.q.MaxWaitMillis) * time.Millisecond)
	results, code := f.round(deadline)
	for code == 0 && !f.enough(results) && r.watches.wait(f, deadline) {
		results, code = f.round(deadline)
	}
	f.respond(results, code)
}

// enough reports whether the client gets an answer now: there are as many bytes as it wants, or there is something to tell it.
func (f *fetching) enough(results []result) bool {
	sum := 0
	for _, r := range results {
		if f.owed[r.position] {
			continue
		}
		if r.answer.ErrorCode != 0 || r.answer.DivergingEpoch.Epoch >= 0 {
			return true
		}
		sum += len(r.answer.RecordBatches)
	}
	return sum >= int(f.q.MinBytes) || f.q.MaxWaitMillis <= 0 || f.router.ctx.Err() != nil
}

// results takes the answers apart. A partition whose broker did not answer is refused: reading it again does no harm. A code other
// than 0 is a broker's refusal of the whole.
func (f *fetching) results(shares []*share, parts []*call) ([]result, int16) {
	place := map[position]*kmsg.FetchResponseTopicPartition{}
	for at, code := range f.refused {
		place[at] = refusedFetch(at, code)
	}
	f.frames, f.owed = nil, map[position]bool{}
	for i, s := range shares {
		s.bytes = 0
		if !parts[i].ended() {
			f.owe(s, place)
			continue
		}
		response, err := parts[i].answered()
		if err != nil {
			for _, w := range s.wants {
				place[w.position] = refusedFetch(w.position, kerr.NotLeaderForPartition.Code)
			}
			continue
		}
		m := response.(*kmsg.FetchResponse)
		if m.ErrorCode != 0 {
			return nil, m.ErrorCode
		}
		f.frames = append(f.frames, parts[i].response)
		for j := range m.Topics {
			for k := range m.Topics[j].Partitions {
				p := &m.Topics[j].Partitions[k]
				at := position{m.Topics[j].Topic, m.Topics[j].TopicID, p.Partition}
				place[at] = p
				s.bytes += len(p.RecordBatches)
				f.take(s.backend, at, p)
			}
		}
	}
	var results []result
	for _, w := range f.wants {
		if answer := place[w.position]; answer != nil {
			results = append(results, result{w.position, answer})
		}
	}
	return results, 0
}

// take learns from an answer about a partition, and takes brokers out of it.
func (f *fetching) take(b *backend, at position, p *kmsg.FetchResponseTopicPartition) {
	p.PreferredReadReplica = noNode
	p.CurrentLeader.LeaderID, p.CurrentLeader.LeaderEpoch = noNode, -1
	if deniesPartition(p.ErrorCode) {
		e := f.router.endpoint
		e.topology.denied(b, e.proxy.topics.name(at.topic, at.id), at.partition)
	}
}

func refusedFetch(at position, code int16) *kmsg.FetchResponseTopicPartition {
	p := kmsg.NewFetchResponseTopicPartition()
	p.Partition, p.ErrorCode, p.HighWatermark, p.RecordBatches = at.partition, code, -1, []byte{}
	return &p
}

// respond answers the client.
func (f *fetching) respond(results []result, code int16) {
	response := kmsg.NewPtrFetchResponse()
	response.ErrorCode = code
	if f.session != nil && code == 0 {
		response.SessionID = f.session.id
		results = f.router.endpoint.fetches.answer(f.session, f.q.SessionEpoch == initialEpoch, results)
	}
	for _, r := range results {
		n := len(response.Topics)
		if n == 0 || response.Topics[n-1].Topic != r.topic || response.Topics[n-1].TopicID != r.id {
			topic := kmsg.NewFetchResponseTopic()
			topic.Topic, topic.TopicID = r.topic, r.id
			response.Topics = append(response.Topics, topic)
			n++
		}
		response.Topics[n-1].Partitions = append(response.Topics[n-1].Partitions, *r.answer)
	}
	f.call.frames = f.frames
	f.call.respond(response)
}

// answered returns the answer of a call that has ended.
func (c *call) answered() (kmsg.Response, error) {
	if c.err != nil {
		return nil, c.err
	}
	return c.reply()
}
