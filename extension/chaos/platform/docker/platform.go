package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"k6suite/extension/chaos/platform"
	"k6suite/extension/profile"
)

// Platform controls brokers in containers. See platform.Platform.
type Platform struct {
	engine   *engine
	options  Options
	settings *profile.Docker

	mu      sync.Mutex
	brokers []*box // by id
	spares  []*box // next first
	notes   []string
	closed  bool
}

var _ platform.Platform = (*Platform)(nil)

// Open finds the containers, puts right what a run before has left of them, and returns when all brokers serve.
func Open(ctx context.Context, o Options) (*Platform, error) {
	p, err := open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("platform docker: %w", err)
	}
	return p, nil
}

func open(ctx context.Context, o Options) (*Platform, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, err
	}
	e, err := connect(ctx, o.Docker.Host)
	if err != nil {
		return nil, err
	}
	p := &Platform{engine: e, options: o, settings: o.Docker}
	if err := p.begin(ctx); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return p, nil
}

func (p *Platform) begin(ctx context.Context) error {
	brokers, spares, err := find(ctx, p.engine, p.settings)
	if err != nil {
		return err
	}
	if brokers, err = p.heal(ctx, brokers, spares); err != nil {
		return err
	}
	if len(brokers) == 0 {
		return errors.New("all containers were copies of a run before, and none is left: start the target (docker compose up -d)")
	}
	for _, f := range brokers {
		p.brokers = append(p.brokers, newBox(p.engine, p.options, f, original))
	}
	for _, f := range spares {
		p.spares = append(p.spares, newBox(p.engine, p.options, f, spare))
	}
	return atOnce(p.brokers, func(b *box) error {
		if err := b.serves(ctx); err != nil {
			return fmt.Errorf("%w; %s", b.wrong(err), b.log.ending())
		}
		return nil
	})
}

// atOnce does something with several containers at the same time.
func atOnce(boxes []*box, do func(*box) error) error {
	wrong := make([]error, len(boxes))
	var all sync.WaitGroup
	for i, b := range boxes {
		all.Go(func() { wrong[i] = do(b) })
	}
	all.Wait()
	return errors.Join(wrong...)
}

// Name implements platform.Platform.
func (p *Platform) Name() string { return profile.DockerPlatform }

// Can implements platform.Platform: brokers can be added and removed where the profile has spares, or a Compose service.
func (p *Platform) Can() []platform.Change {
	can := []platform.Change{platform.CanKill, platform.CanStop, platform.CanStart, platform.CanPause}
	if p.settings.Service != "" || len(p.settings.Spares) > 0 {
		can = append(can, platform.CanAdd, platform.CanRemove)
	}
	return can
}

// Brokers implements platform.Platform. The engine is asked each time: others may have had a hand in it.
func (p *Platform) Brokers(ctx context.Context) ([]platform.Broker, error) {
	p.mu.Lock()
	boxes := slices.Clone(p.brokers)
	p.mu.Unlock()
	all := make([]platform.Broker, len(boxes))
	for i, b := range boxes {
		state, err := b.now(ctx)
		if err != nil {
			return nil, err
		}
		b.mu.Lock()
		all[i] = platform.Broker{ID: b.id, Address: b.address, State: state}
		b.mu.Unlock()
	}
	slices.SortFunc(all, func(a, b platform.Broker) int { return int(a.ID) - int(b.ID) })
	return all, nil
}

// broker finds a broker.
func (p *Platform) broker(id int32) (*box, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errors.New("platform docker: it is closed")
	}
	for _, b := range p.brokers {
		if b.id == id {
			return b, nil
		}
	}
	return nil, fmt.Errorf("platform docker: there is no broker %d", id)
}

func (p *Platform) change(ctx context.Context, id int32, do func(*box, context.Context) error) error {
	b, err := p.broker(id)
	if err != nil {
		return err
	}
	return do(b, ctx)
}

// Kill implements platform.Platform: SIGKILL to the container.
func (p *Platform) Kill(ctx context.Context, id int32) error { return p.change(ctx, id, (*box).kill) }

// Stop implements platform.Platform: SIGTERM, and SIGKILL after chaos.docker.stop, of which the broker's log tells.
func (p *Platform) Stop(ctx context.Context, id int32) error { return p.change(ctx, id, (*box).stop) }

// Start implements platform.Platform. Of a broker that does not come back, Tail has the last log lines.
func (p *Platform) Start(ctx context.Context, id int32) error {
	return p.change(ctx, id, (*box).start)
}

// Pause implements platform.Platform: the engine freezes all processes of the container.
func (p *Platform) Pause(ctx context.Context, id int32) error {
	return p.change(ctx, id, (*box).pause)
}

// Resume implements platform.Platform.
func (p *Platform) Resume(ctx context.Context, id int32) error {
	return p.change(ctx, id, (*box).resume)
}

// Bound is how long the slowest change of a broker may take: its end, and its start.
func (p *Platform) Bound() time.Duration {
	return max(time.Duration(p.settings.Stop), time.Duration(p.settings.Ready)) + lastResort
}

// Tail is the end of a broker's log.
func (p *Platform) Tail(id int32) []string {
	b, err := p.broker(id)
	if err != nil {
		return nil
	}
	return b.log.tail()
}

// Died tells which containers have ended though nobody here asked them to, with how, and their last log lines.
func (p *Platform) Died() []string {
	p.mu.Lock()
	boxes := slices.Concat(p.brokers, p.spares)
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), lastResort)
	defer cancel()
	var all []string
	for _, b := range boxes {
		all = append(all, b.deaths(ctx)...)
	}
	return all
}
