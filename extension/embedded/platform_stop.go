package embedded

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"k6suite/extension/chaos/platform"
)

// stop hands over, lets the broker finish, and ends its process, for good if that is wanted.
func (c *Cluster) stop(ctx context.Context, verb string, id int32, forGood bool) error {
	b, err := c.claim(ctx, id)
	if err != nil {
		return fmt.Errorf("%s broker %d: %w", verb, id, err)
	}
	defer b.yield()
	p, err := c.stopping(b, forGood)
	if err != nil {
		return fmt.Errorf("%s broker %d: %w", verb, id, err)
	}
	if p != nil {
		p.finish()
		p.finished(ctx, c.options.Patience)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if p != nil && b.alive() == p { // no Restart was faster
		if err := c.fall(ctx, b); err != nil {
			return fmt.Errorf("%s broker %d: %w", verb, id, err)
		}
	}
	if forGood && !c.closed {
		c.forget(b)
	}
	return nil
}

// stopping has others take over what the broker leads, and returns its process, nil if it is dead.
func (c *Cluster) stopping(b *broker, forGood bool) (*process, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	from := []platform.State{platform.Running}
	if forGood {
		from = append(from, platform.Dead)
	}
	if err := c.may(b, from); err != nil {
		return nil, err
	}
	others := c.life != nil && c.life.members.others(b)
	if forGood && !others {
		return nil, errors.New("no other broker runs that could take over")
	}
	p := b.alive()
	if others {
		c.expel(b, p)
	}
	return p, nil
}

// forget removes a dead broker. The caller holds c.mu.
func (c *Cluster) forget(b *broker) {
	b.release()
	c.brokers = slices.DeleteFunc(c.brokers, func(other *broker) bool { return other == b })
	if c.life != nil {
		c.life.members.remove(b)
	}
}
