package docker

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/moby/moby/client"

	"k6suite/extension/chaos/platform"
)

// Add implements platform.Platform: it starts the next spare. Brokers that were removed are spares, too. Without one, it makes a copy of
// a container of the Compose service.
func (p *Platform) Add(ctx context.Context) (int32, error) {
	b, err := p.nextSpare(ctx)
	if err != nil {
		return 0, fmt.Errorf("platform docker: %w", err)
	}
	err = b.startTold(ctx)
	if err != nil && b.kind == copied {
		return 0, errors.Join(err, b.log.save(ctx), b.discard(ctx))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.spares = append([]*box{b}, p.spares...)
		return 0, err
	}
	p.brokers = append(p.brokers, b)
	return b.id, nil
}

// nextSpare takes a container that is not a broker yet.
func (p *Platform) nextSpare(ctx context.Context) (*box, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return nil, errors.New("it is closed")
	case len(p.spares) > 0:
		b := p.spares[0]
		p.spares = p.spares[1:]
		return b, nil
	case p.settings.Service == "":
		return nil, errors.New("no spare is left: add some to chaos.docker.spares of the profile")
	}
	return p.copyOne(ctx)
}

// Remove implements platform.Platform: it stops the broker. A copy is removed, with the volumes that are its alone; any other container
// is kept as a spare.
func (p *Platform) Remove(ctx context.Context, id int32) error {
	b, err := p.broker(id)
	if err != nil {
		return err
	}
	state, err := b.now(ctx)
	if err != nil {
		return err
	}
	switch state {
	case platform.Running:
		if err := b.stop(ctx); err != nil {
			return err
		}
	case platform.Paused:
		return fmt.Errorf("platform docker: broker %d is %s: only one that runs, or is dead, can be removed", id, state)
	}
	p.mu.Lock()
	p.brokers = slices.DeleteFunc(p.brokers, func(other *box) bool { return other == b })
	if b.kind != copied {
		p.spares = append([]*box{b}, p.spares...)
	}
	p.mu.Unlock()
	if b.kind == copied {
		return errors.Join(b.log.save(ctx), b.discard(ctx))
	}
	return nil
}

// discard removes a copy.
func (b *box) discard(ctx context.Context) error {
	b.become(platform.Dead)
	_, err := b.engine.ContainerRemove(ctx, b.where, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	return b.wrong(err)
}
