package docker

import (
	"context"
	"errors"
	"slices"

	"k6suite/extension/chaos/platform"
)

// Close leaves the containers as they are to be: brokers run, spares do not, copies are gone; their logs are in the run's folder. A
// second call does nothing more.
func (p *Platform) Close() error {
	p.mu.Lock()
	closed := p.closed
	p.closed = true
	boxes := slices.Concat(p.brokers, p.spares)
	p.mu.Unlock()
	if closed {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), p.Bound())
	defer cancel()
	err := atOnce(boxes, func(b *box) error { return b.settle(ctx) })
	return errors.Join(err, p.engine.Close())
}

// settle ends what was done to a container.
func (b *box) settle(ctx context.Context) error {
	if b.kind == copied {
		return errors.Join(b.log.save(ctx), b.discard(ctx))
	}
	state, err := b.now(ctx)
	if err == nil && state == platform.Paused {
		err = b.resume(ctx)
		state = platform.Running
	}
	switch {
	case err != nil:
	case b.kind == spare && state == platform.Running:
		err = b.stop(ctx)
	case b.kind == original && state == platform.Dead && b.taken():
		err = b.startTold(ctx)
	}
	return errors.Join(err, b.log.save(ctx))
}

// taken reports whether it was somebody here who ended it: who died by himself is left for those who look into it.
func (b *box) taken() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.died) == 0
}
