package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos"
	"k6suite/extension/chaos/platform"
)

// fakePlatform has brokers that are no more than their states.
type fakePlatform struct {
	mu      sync.Mutex
	states  map[int32]platform.State
	next    int32
	can     []platform.Change
	broken  map[string]error // "start 1" → what it fails with
	slow    map[string]time.Duration
	history []string
	before  func(what string) // called before each change
}

func newFake(brokers int32) *fakePlatform {
	f := &fakePlatform{
		states: map[int32]platform.State{}, next: brokers + 1, broken: map[string]error{}, slow: map[string]time.Duration{},
		can: []platform.Change{
			platform.CanKill, platform.CanStop, platform.CanStart, platform.CanPause, platform.CanAdd, platform.CanRemove,
		},
	}
	for id := range brokers {
		f.states[id+1] = platform.Running
	}
	return f
}

func (f *fakePlatform) Name() string           { return "fake" }
func (f *fakePlatform) Can() []platform.Change { return f.can }
func (f *fakePlatform) Close() error           { return nil }

func (f *fakePlatform) Brokers(ctx context.Context) ([]platform.Broker, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []platform.Broker
	for _, id := range slices.Sorted(maps.Keys(f.states)) {
		all = append(all, platform.Broker{ID: id, Address: fmt.Sprintf("127.0.0.1:%d", 9000+id), State: f.states[id]})
	}
	return all, nil
}

// change is one change, from one state to another.
func (f *fakePlatform) change(ctx context.Context, verb string, id int32, from []platform.State, to platform.State) error {
	what := fmt.Sprintf("%s %d", verb, id)
	f.mu.Lock()
	slow, err, state, before := f.slow[what], f.broken[what], f.states[id], f.before
	f.history = append(f.history, what)
	f.mu.Unlock()
	if before != nil {
		before(what)
	}
	if slow > 0 {
		select {
		case <-time.After(slow):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err != nil {
		return err
	}
	if !slices.Contains(from, state) {
		return fmt.Errorf("broker %d is %s", id, state)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.states[id] = to
	return nil
}

func (f *fakePlatform) Kill(ctx context.Context, id int32) error {
	return f.change(ctx, "kill", id, []platform.State{platform.Running, platform.Paused}, platform.Dead)
}

func (f *fakePlatform) Stop(ctx context.Context, id int32) error {
	return f.change(ctx, "stop", id, []platform.State{platform.Running}, platform.Dead)
}

func (f *fakePlatform) Start(ctx context.Context, id int32) error {
	return f.change(ctx, "start", id, []platform.State{platform.Dead}, platform.Running)
}

func (f *fakePlatform) Pause(ctx context.Context, id int32) error {
	return f.change(ctx, "pause", id, []platform.State{platform.Running}, platform.Paused)
}

func (f *fakePlatform) Resume(ctx context.Context, id int32) error {
	return f.change(ctx, "resume", id, []platform.State{platform.Paused}, platform.Running)
}

func (f *fakePlatform) Add(ctx context.Context) (int32, error) {
	f.mu.Lock()
	id := f.next
	f.next++
	f.mu.Unlock()
	return id, f.change(ctx, "add", id, []platform.State{""}, platform.Running)
}

func (f *fakePlatform) Remove(ctx context.Context, id int32) error {
	err := f.change(ctx, "remove", id, []platform.State{platform.Running}, platform.Dead)
	if err == nil {
		f.mu.Lock()
		delete(f.states, id)
		f.mu.Unlock()
	}
	return err
}

// Tail is what the process platform has besides.
func (f *fakePlatform) Tail(id int32) []string {
	return []string{fmt.Sprintf("broker %d: no luck", id)}
}

func (f *fakePlatform) did() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.history)
}

// onFleet gives a controller of such a platform, and what it tells.
func onFleet(t *testing.T, f *fakePlatform) (*chaos.Controller, *told) {
	t.Helper()
	c := chaos.New(chaos.Options{
		Platform: f, Locate: fakeLocator{}, WithoutKafka: errors.New("no proxy"), WithoutStorage: errors.New("no storage"),
	})
	l := &told{}
	c.Listen(l)
	t.Cleanup(c.Close)
	return c, l
}

// fakeLocator has broker 2 lead everything, brokers 1 and 3 follow it in topic t, nobody in topic single, broker 1 control, and broker 3
// coordinate.
type fakeLocator struct{}

func (fakeLocator) Leader(_ context.Context, topic string, _ int32) (int32, error) {
	if topic != "t" {
		return 0, fmt.Errorf("there is no topic %s", topic)
	}
	return 2, nil
}

func (fakeLocator) Followers(_ context.Context, topic string, _ int32) ([]int32, error) {
	switch topic {
	case "t":
		return []int32{1, 3}, nil
	case "single":
		return nil, nil
	}
	return nil, fmt.Errorf("there is no topic %s", topic)
}

func (fakeLocator) Controller(context.Context) (int32, error) { return 1, nil }

func (fakeLocator) Coordinator(_ context.Context, group string) (int32, error) {
	if group != "g" {
		return 0, fmt.Errorf("there is no group %s", group)
	}
	return 3, nil
}

func inject(t *testing.T, c *chaos.Controller, spec string) *chaos.Handle {
	t.Helper()
	h, err := c.Inject(t.Context(), []byte(spec))
	require.NoError(t, err, spec)
	return h
}
