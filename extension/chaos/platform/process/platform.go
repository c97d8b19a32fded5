package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"k6suite/extension/chaos/platform"
	"k6suite/extension/chaos/platform/guard"
	"k6suite/extension/internal/procgroup"
)

// Platform controls brokers that it has started. See platform.Platform.
type Platform struct {
	guard   *guard.Guard
	helpers []*child

	mu      sync.Mutex
	brokers []*child // by id
	spares  []*child // next first
	elastic bool
	closed  bool
}

var _ platform.Platform = (*Platform)(nil)

// Open starts the guard, then the helpers in order, then all brokers at once, and returns when they are ready. If one of them is not,
// all are ended again, and the error has its last log lines.
func Open(ctx context.Context, o Options) (*Platform, error) {
	p, err := open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("platform process: %w", err)
	}
	return p, nil
}

func open(ctx context.Context, o Options) (*Platform, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, err
	}
	p := &Platform{}
	if p.helpers, p.brokers, p.spares, err = o.children(); err != nil {
		return nil, err
	}
	p.elastic = len(p.brokers)+len(p.spares) > 1
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, err
	}
	log, err := logFile{dir: o.Dir, name: "guard"}.open()
	if err != nil {
		return nil, err
	}
	defer log.Close()
	if p.guard, err = guard.Start(ctx, o.Guard, log); err != nil {
		return nil, fmt.Errorf("%w (its log is %s)", err, log.Name())
	}
	for _, c := range slices.Concat(p.helpers, p.brokers, p.spares) {
		c.guard = p.guard
	}
	if err := p.startAll(ctx); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Platform) startAll(ctx context.Context) error {
	for _, c := range p.helpers {
		if err := c.startTold(ctx); err != nil {
			return err
		}
	}
	return atOnce(p.brokers, func(c *child) error { return c.startTold(ctx) })
}

// atOnce does something with several processes at the same time.
func atOnce(children []*child, do func(*child) error) error {
	wrong := make([]error, len(children))
	var all sync.WaitGroup
	for i, c := range children {
		all.Go(func() { wrong[i] = do(c) })
	}
	all.Wait()
	return errors.Join(wrong...)
}

// Name implements platform.Platform.
func (p *Platform) Name() string { return "process" }

// Processes are those of each broker that runs, by its id: what a broker has started counts as it.
func (p *Platform) Processes() map[int32][]int {
	p.mu.Lock()
	brokers := slices.Clone(p.brokers)
	p.mu.Unlock()
	all := map[int32][]int{}
	for _, c := range brokers {
		c.mu.Lock()
		id, pid := c.id, c.pid
		c.mu.Unlock()
		if pid != 0 {
			all[id] = procgroup.Members(pid)
		}
	}
	return all
}

// Can implements platform.Platform: brokers can be added and removed where the profile has more than one, spares included.
func (p *Platform) Can() []platform.Change {
	can := []platform.Change{platform.CanKill, platform.CanStop, platform.CanStart, platform.CanPause}
	if p.elastic {
		can = append(can, platform.CanAdd, platform.CanRemove)
	}
	return can
}

// Brokers implements platform.Platform.
func (p *Platform) Brokers(context.Context) ([]platform.Broker, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]platform.Broker, len(p.brokers))
	for i, c := range p.brokers {
		all[i] = platform.Broker{ID: c.id, Address: c.address, State: c.now()}
	}
	slices.SortFunc(all, func(a, b platform.Broker) int { return int(a.ID) - int(b.ID) })
	return all, nil
}

// broker finds a broker.
func (p *Platform) broker(id int32) (*child, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errors.New("platform process: it is closed")
	}
	for _, c := range p.brokers {
		if c.id == id {
			return c, nil
		}
	}
	return nil, fmt.Errorf("platform process: there is no broker %d", id)
}

func (p *Platform) change(id int32, do func(*child) error) error {
	c, err := p.broker(id)
	if err != nil {
		return err
	}
	return do(c)
}

// Kill implements platform.Platform: SIGKILL to the broker and everything that it has started.
func (p *Platform) Kill(_ context.Context, id int32) error { return p.change(id, (*child).kill) }

// Stop implements platform.Platform: SIGTERM, and SIGKILL after Options.Patience, of which the broker's log tells.
func (p *Platform) Stop(_ context.Context, id int32) error { return p.change(id, (*child).stop) }

// Start implements platform.Platform. Of a broker that does not come back, Tail has the last log lines.
func (p *Platform) Start(ctx context.Context, id int32) error {
	return p.change(id, func(c *child) error { return c.start(ctx) })
}

// Pause implements platform.Platform: SIGSTOP to the broker and everything that it has started.
func (p *Platform) Pause(ctx context.Context, id int32) error {
	return p.change(id, func(c *child) error { return c.pause(ctx) })
}

// Resume implements platform.Platform: SIGCONT.
func (p *Platform) Resume(_ context.Context, id int32) error { return p.change(id, (*child).resume) }

// Add implements platform.Platform: it starts the next spare. Brokers that were removed are spares, too.
func (p *Platform) Add(ctx context.Context) (int32, error) {
	p.mu.Lock()
	if p.closed || len(p.spares) == 0 {
		p.mu.Unlock()
		return 0, errors.New("platform process: no spare is left: add some to chaos.spares of the profile")
	}
	c := p.spares[0]
	p.spares = p.spares[1:]
	p.mu.Unlock()
	err := c.startTold(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.spares = append([]*child{c}, p.spares...)
		return 0, err
	}
	p.brokers = append(p.brokers, c)
	return c.id, nil
}

// Remove implements platform.Platform: it stops the broker, and keeps it as a spare.
func (p *Platform) Remove(_ context.Context, id int32) error {
	c, err := p.broker(id)
	if err != nil {
		return err
	}
	if c.now() == platform.Running {
		err = c.stop()
	}
	if c.now() != platform.Dead {
		return errors.Join(err, fmt.Errorf("platform process: broker %d is %s: only one that runs, or is dead, can be removed", id, c.now()))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.brokers = slices.DeleteFunc(p.brokers, func(other *child) bool { return other == c })
	p.spares = append([]*child{c}, p.spares...)
	return nil
}

// Bound is how long the slowest change of a broker may take: its end, and its start.
func (p *Platform) Bound() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	var longest time.Duration
	for _, c := range slices.Concat(p.brokers, p.spares) {
		longest = max(longest, c.patience+lastResort, c.ready.timeout+lastResort)
	}
	return longest
}

// Tail is the end of a broker's log.
func (p *Platform) Tail(id int32) []string {
	c, err := p.broker(id)
	if err != nil {
		return nil
	}
	return c.log.tail()
}

// Died tells which processes have ended though nobody asked them to, with how, and their last log lines.
func (p *Platform) Died() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for _, c := range slices.Concat(p.helpers, p.brokers, p.spares) {
		all = append(all, c.deaths()...)
	}
	return all
}

// Close ends the brokers, then the helpers, the last one first, then the guard. Nothing is left. A second call does nothing more.
func (p *Platform) Close() error {
	p.mu.Lock()
	closed := p.closed
	p.closed = true
	brokers := slices.Concat(p.brokers, p.spares)
	p.mu.Unlock()
	if closed {
		return nil
	}
	err := atOnce(brokers, (*child).close)
	for _, c := range slices.Backward(p.helpers) {
		err = errors.Join(err, c.close())
	}
	procgroup.KillMarked(p.guard.Env()) // who has left its session
	return errors.Join(err, p.guard.Close())
}
