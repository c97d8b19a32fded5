package docker

import (
	"context"
	"fmt"

	"github.com/moby/moby/client"

	"k6suite/extension/chaos/platform"
)

// start starts a container that does not run, and returns when it serves.
func (b *box) start(ctx context.Context) error { return b.change(ctx, b.startNow, platform.Dead) }

// startTold is start, with the end of the log in its error.
func (b *box) startTold(ctx context.Context) error {
	if err := b.start(ctx); err != nil {
		return fmt.Errorf("%w; %s", err, b.log.ending())
	}
	return nil
}

func (b *box) startNow(ctx context.Context) error {
	if b.fixed != "" && accepts(ctx, b.fixed) {
		return fmt.Errorf("%s answers already: something else has taken it: end that, or correct the address", b.fixed)
	}
	b.setStarting(true)
	defer b.setStarting(false)
	b.log.note("started")
	if _, err := b.engine.ContainerStart(ctx, b.where, client.ContainerStartOptions{}); err != nil {
		return err
	}
	if err := b.serves(ctx); err != nil {
		return b.killAfter(err)
	}
	return nil
}

// killAfter ends what has not become ready, so that it is dead and not on its way.
func (b *box) killAfter(err error) error {
	ctx, cancel := context.WithTimeout(context.Background(), lastResort)
	defer cancel()
	is, bad := b.engine.look(ctx, b.where)
	if bad == nil && is.State.Running {
		bad = b.killNow(ctx)
	}
	if bad != nil {
		return fmt.Errorf("%w; and it could not be killed: %w", err, bad)
	}
	return err
}

func (b *box) setStarting(starting bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.starting = starting
}

// serves waits until a container that was started serves: it runs, is healthy where it can tell, and accepts connections.
func (b *box) serves(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, b.patient, fmt.Errorf("it was given %s (chaos.docker.ready)", b.patient))
	defer cancel()
	address := b.fixed
	err := until(ctx, "it does not serve", func() (bool, error) {
		is, err := b.engine.look(ctx, b.where)
		switch {
		case err != nil:
			return false, err
		case !is.State.Running || is.State.Restarting:
			return false, fmt.Errorf("it ended before it was ready (%s)", how(is.State))
		case !healthy(is.State):
			return false, nil
		}
		if b.fixed == "" {
			if address, err = b.engine.addressOf(is, b.port); err != nil {
				return false, err
			}
		}
		if !accepts(ctx, address) {
			return false, nil
		}
		b.lives(address, is.State.StartedAt)
		return true, nil
	})
	if err != nil && ctx.Err() != nil && address != "" {
		return fmt.Errorf("%s does not answer: %w", address, context.Cause(ctx))
	}
	return err
}

// lives notes that it serves.
func (b *box) lives(address, life string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.address, b.wanted, b.life = address, platform.Running, life
}
