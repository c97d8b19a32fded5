package docker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"k6suite/extension/chaos/platform"
)

// kind is how a container came to the platform, and so what it is to be in the end.
type kind int

const (
	original kind = iota // it is to run
	spare                // it is not
	copied               // it is not to be there
)

// box is the container of one broker.
type box struct {
	engine  *engine
	kind    kind
	id      int32
	name    string
	where   string // the engine's id of the container
	fixed   string // address that a label or the profile tells
	port    int
	grace   time.Duration
	patient time.Duration
	log     *book

	changing sync.Mutex // changes come one after the other
	mu       sync.Mutex
	address  string
	starting bool
	wanted   platform.State // what it is if nobody else has had a hand in it; "": nothing is known yet
	life     string         // when it was started, so that another life is told from this one
	died     []string       // ends that nobody expected
}

func newBox(e *engine, o Options, f found, k kind) *box {
	return &box{
		engine: e, kind: k, id: f.id, name: f.name(), where: f.is.ID, fixed: f.address, address: f.address, port: o.Docker.Port,
		grace: time.Duration(o.Docker.Stop), patient: time.Duration(o.Docker.Ready), log: newBook(e, o.Dir, f),
	}
}

func (b *box) String() string { return "container " + b.name }

// wrong gives an error its container.
func (b *box) wrong(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", b, err)
}

func stateOf(s *container.State) platform.State {
	switch {
	case s.Paused:
		return platform.Paused
	case s.Running && !s.Restarting:
		return platform.Running
	}
	return platform.Dead
}

// now asks the engine what the container does, and notices what others have done to it.
func (b *box) now(ctx context.Context) (platform.State, error) {
	is, err := b.engine.look(ctx, b.where)
	if err != nil {
		return platform.Dead, b.wrong(err)
	}
	state := stateOf(is.State)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.starting {
		return platform.Dead, nil
	}
	b.notice(state, is.State)
	return state, nil
}

// notice keeps what nobody here has done; the caller has the lock.
func (b *box) notice(state platform.State, s *container.State) {
	lived := b.wanted == platform.Running || b.wanted == platform.Paused
	switch {
	case lived && state == platform.Dead:
		b.died = append(b.died, fmt.Sprintf("%s ended by itself (%s); %s", b, how(s), b.log.ending()))
	case lived && s.StartedAt != b.life:
		b.died = append(b.died,
			fmt.Sprintf("%s ended by itself, and was started again by somebody else at %s (a restart policy?)", b, s.StartedAt))
	default:
		return
	}
	b.wanted, b.life = state, s.StartedAt
}

// how says how a container has ended.
func how(s *container.State) string {
	switch {
	case s.OOMKilled:
		return fmt.Sprintf("out of memory, exit code %d", s.ExitCode)
	case s.Error != "":
		return fmt.Sprintf("%s, exit code %d", s.Error, s.ExitCode)
	}
	return fmt.Sprintf("exit code %d", s.ExitCode)
}

// become notes what a change has made of it.
func (b *box) become(state platform.State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wanted = state
}

// change makes a change of a container that is in one of some states.
func (b *box) change(ctx context.Context, do func(context.Context) error, from ...platform.State) error {
	b.changing.Lock()
	defer b.changing.Unlock()
	state, err := b.now(ctx)
	if err != nil {
		return err
	}
	for _, s := range from {
		if s == state {
			return b.wrong(do(ctx))
		}
	}
	return fmt.Errorf("%s is %s", b, state)
}

// kill is SIGKILL.
func (b *box) kill(ctx context.Context) error {
	return b.change(ctx, b.killNow, platform.Running, platform.Paused)
}

func (b *box) killNow(ctx context.Context) error {
	b.become(platform.Dead)
	b.log.note("killed")
	if _, err := b.engine.ContainerKill(ctx, b.where, client.ContainerKillOptions{Signal: "SIGKILL"}); err != nil {
		return err
	}
	return until(ctx, "it does not end", func() (bool, error) {
		is, err := b.engine.look(ctx, b.where)
		return err == nil && !is.State.Running, err
	})
}

// stop is SIGTERM, and SIGKILL for who does not heed it.
func (b *box) stop(ctx context.Context) error { return b.change(ctx, b.stopNow, platform.Running) }

func (b *box) stopNow(ctx context.Context) error {
	b.become(platform.Dead)
	b.log.note("asked to end")
	seconds := int((b.grace + time.Second - 1) / time.Second)
	if _, err := b.engine.ContainerStop(ctx, b.where, client.ContainerStopOptions{Timeout: &seconds}); err != nil {
		return err
	}
	is, err := b.engine.look(ctx, b.where)
	if err != nil {
		return err
	}
	const killed = 137 // 128 and SIGKILL
	if is.State.ExitCode == killed {
		b.log.note("did not end within %ds of SIGTERM: killed", seconds)
	}
	return nil
}

// pause freezes all processes of the container.
func (b *box) pause(ctx context.Context) error {
	return b.change(ctx, func(ctx context.Context) error {
		b.log.note("paused")
		if _, err := b.engine.ContainerPause(ctx, b.where, client.ContainerPauseOptions{}); err != nil {
			return err
		}
		b.become(platform.Paused)
		return nil
	}, platform.Running)
}

// resume lets them go on.
func (b *box) resume(ctx context.Context) error {
	return b.change(ctx, b.resumeNow, platform.Paused)
}

func (b *box) resumeNow(ctx context.Context) error {
	b.log.note("resumed")
	if _, err := b.engine.ContainerUnpause(ctx, b.where, client.ContainerUnpauseOptions{}); err != nil {
		return err
	}
	b.become(platform.Running)
	return nil
}

// deaths are the ends that nobody expected.
func (b *box) deaths(ctx context.Context) []string {
	_, err := b.now(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	out := append([]string{}, b.died...)
	if err != nil && !errors.Is(err, context.Canceled) {
		out = append(out, err.Error())
	}
	return out
}
