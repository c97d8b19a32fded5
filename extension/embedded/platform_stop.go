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
	p, others, err := c.stopping(b, forGood)
	if err != nil {
		return fmt.Errorf("%s broker %d: %w", verb, id, err)
	}
	if p != nil && others {
		p.linger(ctx)
	}
	if p != nil {
		p.finish(ctx, c.options.Patience)
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

// stopping has others take over what the broker leads, if there are any, and returns its process, nil if it is dead.
func (c *Cluster) stopping(b *broker, forGood bool) (p *process, others bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	from := []platform.State{platform.Running}
	if forGood {
		from = append(from, platform.Dead)
	}
	if err := c.may(b, from); err != nil {
		return nil, false, err
	}
	others = c.life != nil && c.life.members.others(b)
	if forGood && !others {
		return nil, false, errors.New("no other broker runs that could take over")
	}
	if p = b.alive(); p != nil {
		p.retire()
	}
	if others {
		c.expel(b, p)
	}
	return p, others, nil
}

// forget removes a dead broker. The caller holds c.mu.
func (c *Cluster) forget(b *broker) {
	b.release()
	c.brokers = slices.DeleteFunc(c.brokers, func(other *broker) bool { return other == b })
	if c.life != nil {
		c.life.members.remove(b)
	}
}
