package s3proxy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// RemoteFault is a rule at work in the proxy of another process. It is safe for concurrent use.
type RemoteFault struct {
	remote *Remote
	rule   Rule
	began  time.Time
	ctx    context.Context //nolint:containedctx // of the renewing, which no call spans
	cancel context.CancelFunc
	once   sync.Once
	done   chan struct{}

	mu    sync.Mutex
	last  faultState
	ended time.Time
	err   error
}

// ID counts the faults of that proxy, from 1 on. Its log bears it.
func (f *RemoteFault) ID() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last.ID
}

// Rule is what was injected.
func (f *RemoteFault) Rule() Rule { return f.rule }

// Began is when the fault was injected, by our clock, or shortly before.
func (f *RemoteFault) Began() time.Time { return f.began }

// Ended is when it ended, by our clock, or shortly after; zero as long as it has not.
func (f *RemoteFault) Ended() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ended
}

// Hits is on how many requests the fault has acted, or acts: as the proxy says now, or if it does not answer, as it last said.
func (f *RemoteFault) Hits() int64 { return f.now().Hits }

// Bytes is how much the fault has hit, as Fault.Bytes.
func (f *RemoteFault) Bytes() int64 { return f.now().Bytes }

// Objects are the keys that the fault has hit, each once, the first hundred.
func (f *RemoteFault) Objects() []string { return slices.Clone(f.now().Objects) }

// Done is closed when the fault has ended, or the proxy has not answered for so long that nobody knows.
func (f *RemoteFault) Done() <-chan struct{} { return f.done }

// Err is why nobody knows what has become of the fault: the proxy answers no more. Its lease ends it, if the proxy still runs.
func (f *RemoteFault) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// Stop ends the fault, and waits until it acts on nothing any more.
func (f *RemoteFault) Stop() {
	f.once.Do(func() {
		ctx, cancel := context.WithTimeout(f.ctx, f.remote.lease+remotePatience)
		defer cancel()
		state, err := f.ask(ctx, http.MethodDelete, "")
		if err != nil {
			err = fmt.Errorf("stopping fault %d: %w (its lease of %s ends it)", state.ID, err, f.remote.lease)
		}
		f.end(state, err) // if it has not ended by itself in the meantime
	})
	<-f.done
}

// WaitHits waits until the fault has acted n times. It is an error if the fault ends before, or ctx does, or the proxy answers no more.
func (f *RemoteFault) WaitHits(ctx context.Context, n int64) error {
	for {
		state := f.state()
		select {
		case <-f.done:
			state = f.state()
			if err := f.Err(); err != nil {
				return err
			}
			if state.Hits < n {
				return fmt.Errorf("fault %d ended after %d of %d hits", state.ID, state.Hits, n)
			}
		default:
		}
		if state.Hits >= n {
			return nil
		}
		asking, cancel := context.WithTimeout(ctx, f.step()+remotePatience)
		_, err := f.ask(asking, http.MethodGet, fmt.Sprintf("?wait=%s&hits=%d", f.step(), n))
		cancel()
		if err == nil {
			continue
		}
		if err := f.breathe(ctx); err != nil {
			return fmt.Errorf("fault %d has %d of %d hits: %w", state.ID, state.Hits, n, err)
		}
	}
}

// step is how long one command may wait: a lease is renewed several times before it ends.
func (f *RemoteFault) step() time.Duration { return f.remote.lease / 4 }

// breathe waits a little before something is tried again.
func (f *RemoteFault) breathe(ctx context.Context) error {
	timer := time.NewTimer(f.step() / 10)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-f.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// renew keeps the lease until the fault has ended.
func (f *RemoteFault) renew() {
	heard := time.Now()
	for {
		asked := time.Now()
		ctx, cancel := context.WithTimeout(f.ctx, f.step()+min(remotePatience, f.remote.lease/2))
		state, err := f.ask(ctx, http.MethodPost, fmt.Sprintf("/renew?lease=%s&wait=%s", f.remote.lease, f.step()))
		cancel()
		switch {
		case f.ctx.Err() != nil:
			return // it was stopped
		case errors.Is(err, errGone):
			ctx, cancel := context.WithTimeout(f.ctx, f.remote.lease)
			state, err = f.ask(ctx, http.MethodDelete, "") // waits until it acts on nothing any more
			cancel()
			f.end(state, err)
			return
		case err == nil && !state.Active:
			f.end(state, nil)
			return
		case err == nil:
			heard = asked
		case time.Since(heard) > f.remote.lease:
			f.end(f.state(), fmt.Errorf("fault %d: the S3 proxy at %s answers no more: %w", f.ID(), f.remote.base, err))
			return
		default:
			_ = f.breathe(f.ctx)
		}
	}
}

// ask sends a command about the fault, and keeps what the proxy says of it.
func (f *RemoteFault) ask(ctx context.Context, method, rest string) (faultState, error) {
	var state faultState
	if err := f.remote.do(ctx, method, fmt.Sprintf("/rules/%d%s", f.ID(), rest), nil, &state); err != nil {
		return f.state(), err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if state.Hits >= f.last.Hits { // answers may overtake each other
		f.last = state
	}
	return state, nil
}

func (f *RemoteFault) state() faultState {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

// now asks for the state, as long as there is somebody to ask.
func (f *RemoteFault) now() faultState {
	select {
	case <-f.done:
		return f.state()
	default:
	}
	ctx, cancel := context.WithTimeout(f.ctx, remotePatience)
	defer cancel()
	_, _ = f.ask(ctx, http.MethodGet, "") // else what it last said
	return f.state()
}

// end notes the end, once.
func (f *RemoteFault) end(state faultState, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.ended.IsZero() {
		return
	}
	f.last, f.ended, f.err = state, time.Now(), err
	f.cancel()
	close(f.done)
}
