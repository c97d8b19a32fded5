package kafkaproxy

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// patience is how long a held request waits for one that overtakes it.
const patience = time.Second

// held is a request that waits to be overtaken.
type held struct {
	passage  *passage
	at       map[TopicPartition]bool
	released chan struct{} // closed when it may go
	gone     chan struct{} // closed when it has
	overtook bool          // under the point's sending lock
}

// holds reports whether a request is held; one that comes then may overtake it, and is not held itself.
func (p *point) holds() bool {
	p.sending.Lock()
	defer p.sending.Unlock()
	return p.held != nil
}

// send sends the request, or keeps it for later.
func (w *passage) send(ctx context.Context) error {
	if over, err := w.prepare(); over || err != nil {
		w.abandon()
		return err
	}
	p := w.point
	p.sending.Lock()
	defer p.sending.Unlock()
	if w.hold != nil {
		p.hold(ctx, w)
		return nil
	}
	if err := w.out(ctx); err != nil {
		return err
	}
	if p.held != nil && p.held.overlaps(w) {
		p.held.overtook = true
		p.held.letGo()
	}
	return nil
}

// hold keeps a request; the caller has the lock.
func (p *point) hold(ctx context.Context, w *passage) {
	h := &held{passage: w, at: map[TopicPartition]bool{}, released: make(chan struct{}), gone: make(chan struct{})}
	for at := range w.carried() {
		h.at[at] = true
	}
	p.held = h
	go func() {
		defer close(h.gone)
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-h.released:
		case <-w.hold.fault.over:
		case <-ctx.Done():
		}
		p.unhold(ctx, h)
	}()
}

// unhold sends what was held. It counts if it has been overtaken.
func (p *point) unhold(ctx context.Context, h *held) {
	p.sending.Lock()
	defer p.sending.Unlock()
	p.held = nil
	w := h.passage
	carried := w.carried() // the call is the next one's once it is sent
	if h.overtook {
		w.note(w.hold.fault, TopicPartition{}, 0, OnRequest)
	}
	if err := w.out(ctx); err != nil {
		w.call.fail(err)
		p.reset()
	}
	if !h.overtook {
		w.hold.miss()
		return
	}
	w.hold.hit(carried)
}

// overlaps reports whether a request goes to a partition that the held one goes to.
func (h *held) overlaps(w *passage) bool {
	found := false
	w.eachProduced(func(topic string, p *kmsg.ProduceRequestTopicPartition) {
		found = found || h.at[TopicPartition{topic, p.Partition}]
	})
	return found
}

// letGo has the request go; the caller has the lock, or is the only one who lets it go.
func (h *held) letGo() {
	select {
	case <-h.released:
	default:
		close(h.released)
	}
}
