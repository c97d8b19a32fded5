package s3proxy

import (
	"slices"
	"time"
)

// turn is one match that a fault acts on. It is used by one goroutine at a time, and ended once, by release or by miss.
type turn struct {
	fault  *Fault
	luck   uint64 // random, the same for the same seed and match
	struck bool   // it has acted
	ended  bool
}

// rule is what the fault does.
func (t *turn) rule() *Rule { return &t.fault.matcher.Rule }

// delay is a time between Delay − Jitter and Delay + Jitter.
func (t *turn) delay() time.Duration {
	chance := float64(t.luck>>11) / (1 << 53) // in [0, 1)
	return time.Duration(t.rule().Delay) + time.Duration((2*chance-1)*float64(t.rule().Jitter))
}

// hit says that the fault acts, on which object, and on how many bytes.
func (t *turn) hit(key string, bytes int64) {
	f := t.fault
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hits++
	f.bytes += max(bytes, 0)
	if key != "" && len(f.objects) < maxObjects && !slices.Contains(f.objects, key) {
		f.objects = append(f.objects, key)
	}
	f.announce()
}

// more says that the fault has acted on more bytes of the same request.
func (t *turn) more(bytes int64) {
	t.fault.mu.Lock()
	defer t.fault.mu.Unlock()
	t.fault.bytes += bytes
}

// release says that the fault acts on the request no longer.
func (t *turn) release() { t.finish(false) }

// miss says that there was nothing to act on after all: the match was none.
func (t *turn) miss() { t.finish(true) }

func (t *turn) finish(missed bool) {
	if t.ended {
		return
	}
	t.ended = true
	f := t.fault
	f.mu.Lock()
	defer f.mu.Unlock()
	f.acting--
	if missed {
		f.taken--
	}
	f.finish()
}
