package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Hits is how many brokers the fault has acted on.
func (f *processFault) Hits() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hits
}

// Done is closed when the fault has ended.
func (f *processFault) Done() <-chan struct{} { return f.done }

// Stop ends the fault, and waits until brokers are back.
func (f *processFault) Stop() {
	f.halt()
	<-f.done
}

// WaitHits waits until the fault has acted on so many brokers.
func (f *processFault) WaitHits(ctx context.Context, n int64) error {
	for {
		f.mu.Lock()
		hits := f.hits
		if f.change == nil {
			f.change = make(chan struct{})
		}
		change := f.change
		f.mu.Unlock()
		if hits >= n {
			return nil
		}
		select {
		case <-change:
		case <-f.done:
			if hits = f.Hits(); hits < n {
				return fmt.Errorf("%s ended after %d of %d hits", f.spec.Action, hits, n)
			}
		case <-ctx.Done():
			return fmt.Errorf("%s has %d of %d hits: %w", f.spec.Action, hits, n, ctx.Err())
		}
	}
}

func (f *processFault) hit(note string) {
	f.mu.Lock()
	f.hits++
	f.mu.Unlock()
	f.note(note)
	f.announce()
}

func (f *processFault) announce() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.change != nil {
		close(f.change)
		f.change = nil
	}
}

func (f *processFault) note(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.took = append(f.took, text)
}

func (f *processFault) notes() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.took)
}

func (f *processFault) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = errors.Join(f.err, err)
}

func (f *processFault) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}
