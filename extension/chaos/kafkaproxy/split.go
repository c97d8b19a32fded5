package kafkaproxy

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// piece is the part of a request that one broker answers.
type piece struct {
	backend *backend
	kind    legKind
	request kmsg.Request
	whole   bool // it is asked in the name of node 0
}

// scatter is a request that several brokers answer: what each of them gets, and how their answers become one.
type scatter struct {
	router *endpointRouter
	call   *call
	pieces []piece
	ready  []kmsg.Response                     // answers that are there already: what is refused
	outage outage                              // for pieces whose broker does not answer
	see    func(b *backend, r kmsg.Response)   // looks at each broker's answer
	stale  func(kmsg.Response) bool            // says that a broker that answers is not the one to ask any more; nil: none is
	over   func(at piece, p *call)             // hears of the end of each piece, answered or not; nil: nobody does
	merge  func([]kmsg.Response) kmsg.Response // makes one of the answers, in the order of pieces, ready ones last

	mu      sync.Mutex
	left    int
	answers []kmsg.Response
	lost    bool // a broker did not answer, or is not the one to ask any more
	err     error
	again   func() bool // what to do once about a lost one, nil if nothing; false if it is too late
}

// allot makes a piece of each part whose broker is known; for the others the refusal is ready.
func allot[M kmsg.Request](s *scatter, order []target, parts map[target]M) error {
	for _, to := range order {
		if to.code == 0 {
			s.pieces = append(s.pieces, piece{backend: to.backend, kind: mainLeg, request: parts[to]})
			continue
		}
		refused, err := s.router.refusal(parts[to], s.call.Version, to.code)
		if err != nil {
			return err
		}
		s.ready = append(s.ready, refused)
	}
	return nil
}

// send sends all pieces at once. The call is answered when the last of them is.
func (s *scatter) send() {
	s.left, s.answers = len(s.pieces), make([]kmsg.Response, len(s.pieces))
	if s.left == 0 {
		s.finish()
		return
	}
	for i, piece := range s.pieces {
		s.router.leg(piece.backend, piece.kind).send(partOf(s.call, piece.request, func(p *call) { s.land(i, p) }))
	}
}

// land takes the answer of a piece.
func (s *scatter) land(i int, p *call) {
	if s.over != nil {
		s.over(s.pieces[i], p)
	}
	answer, err := s.answer(i, p)
	s.mu.Lock()
	s.answers[i] = answer
	s.lost = s.lost || p.err != nil || err == nil && s.stale != nil && s.stale(answer)
	if s.err == nil {
		s.err = err
	}
	s.left--
	last := s.left == 0
	s.mu.Unlock()
	if last {
		s.finish()
	}
}

func (s *scatter) answer(i int, p *call) (kmsg.Response, error) {
	piece := s.pieces[i]
	if p.err != nil {
		if silent, _ := p.unanswered(); silent {
			return nil, nil
		}
		return s.router.refusal(piece.request, s.call.Version, s.outage.code(p.err))
	}
	if p.response == nil { // acks=0
		return nil, nil
	}
	answer, err := p.reply()
	if err == nil && s.see != nil {
		s.see(piece.backend, answer)
	}
	return answer, err
}

func (s *scatter) finish() {
	switch {
	case s.lost && s.again != nil && s.again():
	case s.err != nil:
		s.call.fail(s.err)
	default:
		if silent, _ := s.call.unanswered(); silent {
			s.call.complete(nil)
			return
		}
		s.call.respond(s.merge(append(s.answers, s.ready...)))
	}
}
