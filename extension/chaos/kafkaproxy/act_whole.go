package kafkaproxy

import (
	"context"
	"time"
)

// Actions on messages as a whole.

// wait holds a message for a delay, or until there is bandwidth for it.
func (w *passage) wait(ctx context.Context, t turn, bytes int) error {
	m := t.fault.matcher
	d := time.Duration(m.Delay) + time.Duration((2*t.chance()-1)*float64(m.Jitter))
	if m.Action == Throttle {
		d = t.fault.reserve(bytes)
	}
	if err := t.fault.pause(ctx, d); err != nil {
		t.miss()
		return err
	}
	w.note(t.fault, TopicPartition{}, 0, m.direction(w.call.Key))
	t.hit(w.carried())
	return nil
}

// reserve returns how long bytes have to wait for their bandwidth.
func (f *Fault) reserve(bytes int) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := time.Now(); f.free.Before(now) {
		f.free = now
	}
	f.free = f.free.Add(time.Duration(float64(bytes) / float64(f.matcher.BytesPerSecond) * float64(time.Second)))
	return time.Until(f.free)
}

// darken loses a message, and what comes behind it on the connection.
func (w *passage) darken(t turn, at Direction) {
	f := t.fault
	lost := []Direction{OnRequest} // a broker that owes an answer takes no further requests
	switch {
	case f.matcher.Action == Swallow && at == OnResponse, f.matcher.Action == Blackhole && f.matcher.On == "":
		lost = []Direction{OnRequest, OnResponse}
	case f.matcher.Action == Blackhole:
		lost = []Direction{at}
	}
	w.point.darken(f, lost...)
	w.point.lose(w.call, at)
	w.logLoss(f, at)
	t.hit(w.carried())
}

// vanish loses one more message of a connection.
func (w *passage) vanish(f *Fault, at Direction) {
	carried := w.carried() // nobody else has the call before it is lost
	w.point.lose(w.call, at)
	w.logLoss(f, at)
	if f.matcher.Action == Blackhole {
		f.again(carried)
	}
}

// disconnect resets the connection.
func (w *passage) disconnect(t turn, at Direction) error {
	w.logLoss(t.fault, at)
	t.hit(w.carried())
	w.point.reset()
	return errDisconnected
}
