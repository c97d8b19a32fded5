package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"k6suite/extension/chaos/platform"
)

// BrokerChange is what a fault does to one broker. Of a broker that is taken away it is told before, of one that serves again after:
// nothing can be seen of either that was not told.
type BrokerChange struct {
	ID      int32
	State   platform.State // what it is from here on
	Added   bool           // it has not been there before
	Removed bool           // it does not come back
	AllDead bool           // after this change no broker runs: all are dead, or paused
	At      time.Time
	Handle  *Handle // the fault that does it
}

// fleet is the brokers of a platform, and which faults have taken them: no two take the same.
type fleet struct {
	platform platform.Platform
	locate   Locator
	ready    time.Duration
	seed     int64
	tell     func(BrokerChange)

	mu       sync.Mutex
	prepared uint64
	taken    map[int32]*processFault // by whom brokers are held
	away     map[int32]bool          // who was told to be gone, and not to be back
	shaping  *processFault           // the roll or scale at work: there is one at a time
	resized  *processFault           // the first scale since there were as many as at first
	original int                     // how many there were before it
}

func newFleet(o Options, tell func(BrokerChange)) *fleet {
	return &fleet{
		platform: o.Platform, locate: o.Locate, ready: o.Ready, seed: o.Seed, tell: tell,
		taken: map[int32]*processFault{}, away: map[int32]bool{},
	}
}

// list asks the platform for its brokers, and whom of them faults can take; the caller has the lock.
func (t *fleet) list(ctx context.Context) (all, free []platform.Broker, err error) {
	all, err = t.platform.Brokers(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("platform %s: its brokers: %w", t.platform.Name(), err)
	}
	for _, b := range all {
		if b.State == platform.Running && t.taken[b.ID] == nil {
			delete(t.away, b.ID) // somebody else has helped it up
			free = append(free, b)
		}
	}
	return all, free, nil
}

// claim takes the brokers that a selector means for a fault.
func (t *fleet) claim(ctx context.Context, f *processFault, s selector) ([]platform.Broker, error) {
	ids, err := t.find(ctx, s)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	all, free, err := t.list(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case s.followers != nil: // those that run
		free = slices.DeleteFunc(free, func(b platform.Broker) bool { return !slices.Contains(ids, b.ID) })
	case ids != nil:
		free, err = t.only(ids[0], all, free)
		if err != nil {
			return nil, err
		}
	}
	if len(free) == 0 {
		return nil, fmt.Errorf("no broker is running that could be taken (there are: %s)", describe(all))
	}
	if s.word == selectAny {
		i := f.random.IntN(len(free))
		free = free[i : i+1]
	}
	for _, b := range free {
		t.taken[b.ID] = f
	}
	return free, nil
}

// find asks who is responsible, where a selector names no broker but what for. Nil: it is left to the brokers there are.
func (t *fleet) find(ctx context.Context, s selector) ([]int32, error) {
	switch {
	case s.id != nil:
		return []int32{*s.id}, nil
	case s.leader == nil && s.followers == nil && s.coordinator == "" && s.word != selectController:
		return nil, nil
	case t.locate == nil:
		return nil, errors.New("nothing here can tell leaders and coordinators: name the broker by its id")
	}
	ctx, cancel := context.WithTimeout(ctx, t.ready)
	defer cancel()
	if s.followers != nil {
		ids, err := t.locate.Followers(ctx, s.followers.Topic, s.followers.Partition)
		if err == nil && len(ids) == 0 {
			err = errors.New("it has none: there is one copy of it")
		}
		if err != nil {
			return nil, fmt.Errorf("the followers of %s/%d: %w", s.followers.Topic, s.followers.Partition, err)
		}
		return ids, nil
	}
	id, err := t.findOne(ctx, s)
	return []int32{id}, err
}

func (t *fleet) findOne(ctx context.Context, s selector) (id int32, err error) {
	switch {
	case s.leader != nil:
		if id, err = t.locate.Leader(ctx, s.leader.Topic, s.leader.Partition); err != nil {
			err = fmt.Errorf("the leader of %s/%d: %w", s.leader.Topic, s.leader.Partition, err)
		}
	case s.word == selectController:
		if id, err = t.locate.Controller(ctx); err != nil {
			err = fmt.Errorf("the controller: %w", err)
		}
	default:
		if id, err = t.locate.Coordinator(ctx, s.coordinator); err != nil {
			err = fmt.Errorf("the coordinator of group %s: %w", s.coordinator, err)
		}
	}
	return id, err
}

// only finds one broker among those that are free, and says where it is if it is not among them; the caller has the lock.
func (t *fleet) only(id int32, all, free []platform.Broker) ([]platform.Broker, error) {
	is := func(b platform.Broker) bool { return b.ID == id }
	if i := slices.IndexFunc(free, is); i >= 0 {
		return free[i : i+1], nil
	}
	if i := slices.IndexFunc(all, is); i < 0 {
		return nil, fmt.Errorf("there is no broker %d (there are: %s)", id, describe(all))
	}
	if by := t.taken[id]; by != nil {
		return nil, fmt.Errorf("broker %d is held by another fault (there are: %s)", id, describe(all))
	}
	return nil, fmt.Errorf("broker %d is not running (there are: %s)", id, describe(all))
}

func describe(brokers []platform.Broker) string {
	if len(brokers) == 0 {
		return "none"
	}
	words := make([]string, len(brokers))
	for i, b := range brokers {
		words[i] = fmt.Sprintf("%d %s", b.ID, b.State)
	}
	return strings.Join(words, ", ")
}

func idsOf(brokers []platform.Broker) []int32 {
	ids := make([]int32, len(brokers))
	for i, b := range brokers {
		ids[i] = b.ID
	}
	slices.Sort(ids)
	return ids
}

// release gives brokers back that a fault has claimed.
func (t *fleet) release(f *processFault, brokers ...platform.Broker) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, b := range brokers {
		if t.taken[b.ID] == f {
			delete(t.taken, b.ID)
		}
	}
}

// leave tells that brokers are about to go. If nobody is left then, all of them are told so: of brokers that go at once, none is seen
// alive after the others.
func (t *fleet) leave(ctx context.Context, h *Handle, state platform.State, removed bool, brokers ...platform.Broker) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	all, _, err := t.list(ctx)
	if err != nil {
		return err
	}
	for _, b := range brokers {
		t.away[b.ID] = true
	}
	alive := slices.ContainsFunc(all, func(b platform.Broker) bool { return b.State == platform.Running && !t.away[b.ID] })
	for _, b := range brokers {
		t.tell(BrokerChange{ID: b.ID, State: state, Removed: removed, AllDead: !alive, At: time.Now(), Handle: h})
	}
	return nil
}

// back tells that a broker serves, and may be taken again.
func (t *fleet) back(h *Handle, id int32, added bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.taken, id)
	delete(t.away, id)
	t.tell(BrokerChange{ID: id, State: platform.Running, Added: added, At: time.Now(), Handle: h})
}

// removed forgets a broker that is gone for good.
func (t *fleet) removed(id int32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.taken, id)
	delete(t.away, id)
}

// runs reports whether the platform says that a broker runs.
func (t *fleet) runs(id int32) bool {
	ctx, cancel := t.bounded()
	defer cancel()
	all, err := t.platform.Brokers(ctx)
	return err == nil && slices.ContainsFunc(all, func(b platform.Broker) bool { return b.ID == id && b.State == platform.Running })
}

// bounded is the time that one change of a broker may take, whatever becomes of who asked for it.
func (t *fleet) bounded() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), t.ready)
}
