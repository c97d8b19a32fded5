package kafkaproxy

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// A broker may fall silent: it is frozen, or the network to it is gone, and its connections stay open. Nobody can tell that from one
// that is slow. So what was sent to it is left to it as long as nobody else is responsible, and what is new goes to who is. Only when
// others have taken over, and it goes on saying nothing, the connection to it is given up.

// silenced is a lane on which a broker owes answers.
type silenced struct {
	leg   *leg
	lane  *lane
	calls []*call
	since time.Time // when it had to answer
}

// looksPerSilence is how often lanes are looked at in the time that makes a silence.
const looksPerSilence = 5

// listen looks for silent brokers until the proxy ends.
func (e *endpoint) listen() {
	ticker := time.NewTicker(max(e.proxy.options.Silence/looksPerSilence, time.Millisecond))
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			e.lookForSilence(now)
		case <-e.proxy.ctx.Done():
			return
		}
	}
}

// lookForSilence has those sessions ask that wait for a silent broker. As long as it is silent, whatever it has is doubted.
func (e *endpoint) lookForSilence(now time.Time) {
	doubted := map[*backend]bool{}
	for _, r := range e.sessions() {
		silent := r.silent(now)
		for _, s := range silent {
			if b := s.leg.backend; !doubted[b] {
				doubted[b] = true
				b.missed.Store(&now)
				e.topology.missed(b)
				e.probe(b)
			}
		}
		if len(silent) > 0 && r.asking.CompareAndSwap(false, true) {
			if !r.later(func() { r.resolve(silent) }) {
				r.asking.Store(false)
			}
		}
	}
}

// silent returns the lanes on which a broker has owed an answer for longer than it may.
func (r *endpointRouter) silent(now time.Time) (all []silenced) {
	r.mu.Lock()
	defer r.mu.Unlock()
	silence := r.endpoint.proxy.options.Silence
	for _, g := range r.legs {
		l := g.watched.Load()
		if l == nil {
			continue
		}
		calls, since := l.under.list()
		if len(calls) == 0 {
			continue
		}
		frozen, isFrozen := g.backend.frozenSince(silence)
		if g.kind == slowLeg && now.Sub(since) > silence {
			r.endpoint.probe(g.backend) // whether it is there at all need not wait until a group is ready
		}
		if patience := calls[0].patience(); !isFrozen {
			since = since.Add(patience)
		} else if due := since.Add(patience); due.Before(frozen) {
			since = due
		} else if since.Before(frozen) {
			since = frozen
		}
		if now.Sub(since) > silence {
			all = append(all, silenced{g, l, calls, since})
		}
	}
	return all
}

// resolve asks who is responsible for what silent brokers owe answers to, and ends what need not wait for them any longer.
func (r *endpointRouter) resolve(silent []silenced) {
	defer r.asking.Store(false)
	r.askAbout(silent)
	for _, s := range silent {
		over := time.Since(s.since) > r.endpoint.proxy.options.GiveUp
		_, frozen := s.leg.backend.frozenSince(r.endpoint.proxy.options.Silence)
		lost := false
		for _, c := range s.calls {
			switch moved := r.endpoint.moved(s.leg.backend, c); {
			case c.ended():
			case harmless(c.Key):
				if moved || frozen && (over || dutyOf(c.Key) == welcomes) {
					c.fail(errUnanswered)
				}
			default:
				lost = lost || moved && over
			}
		}
		if lost {
			r.endpoint.proxy.logger.Info("kafka proxy: giving up a connection to a silent broker",
				"broker", s.leg.backend.address, "silent", time.Since(s.since))
			s.lane.kill() // and all that is under way hears of it
		}
	}
}

// askAbout learns who is responsible by now.
func (r *endpointRouter) askAbout(silent []silenced) {
	var places []position
	coordinators := map[coordinatorKey]bool{}
	cluster := false
	for _, s := range silent {
		for _, c := range s.calls {
			switch dutyOf(c.Key) {
			case leads:
				places = append(places, c.places()...)
			case coordinates:
				for _, key := range c.coordinated() {
					coordinators[key] = true
				}
			case controls, belongs:
				cluster = true
			case welcomes:
			}
		}
	}
	if len(places) > 0 {
		r.targets(r.ctx, places)
	}
	for key := range coordinators {
		r.coordinator(r.ctx, key)
	}
	if cluster {
		r.survey(r.ctx)
	}
}

// health is what is known of whether a broker answers at all.
type health struct {
	asked  time.Time
	frozen time.Time // since when it does not answer; zero if it does
}

// frozenSince reports whether a broker does not even answer what costs it nothing, and since when.
func (b *backend) frozenSince(silence time.Duration) (time.Time, bool) {
	h := b.health.Load()
	if h == nil || h.frozen.IsZero() || time.Since(h.asked) > looksPerSilence*silence {
		return time.Time{}, false
	}
	return h.frozen, true
}

// probe finds out whether a broker that owes answers is slow, or frozen: what it can do any broker says at once. A new connection is
// taken for it, since on the others its answer would have to wait.
func (e *endpoint) probe(b *backend) {
	now, silence, known := time.Now(), e.proxy.options.Silence, b.health.Load()
	if known != nil && now.Sub(known.asked) < 2*silence {
		return
	}
	fresh := &health{asked: now}
	if known != nil {
		fresh.frozen = known.frozen
	}
	if !b.health.CompareAndSwap(known, fresh) {
		return
	}
	e.proxy.work.Go(func() {
		ctx, cancel := context.WithTimeout(e.proxy.ctx, silence)
		defer cancel()
		_, err := b.consult(ctx, kmsg.NewPtrApiVersionsRequest())
		found := &health{asked: now}
		if err != nil && ctx.Err() != nil {
			if found.frozen = fresh.frozen; found.frozen.IsZero() {
				found.frozen = now
			}
		}
		b.health.Store(found)
	})
}
