package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"k6suite/extension/chaos/platform"
)

// Name is how profiles call this platform.
func (c *Cluster) Name() string { return "embedded" }

// Can are all changes that there are.
func (c *Cluster) Can() []platform.Change {
	return []platform.Change{
		platform.CanKill, platform.CanStop, platform.CanStart, platform.CanPause, platform.CanAdd, platform.CanRemove,
	}
}

// Brokers returns all brokers, dead ones included, by node id.
func (c *Cluster) Brokers(context.Context) ([]platform.Broker, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]platform.Broker, 0, len(c.brokers))
	for _, b := range c.brokers {
		state, _ := b.current()
		list = append(list, platform.Broker{ID: b.node, Address: b.address(), State: state})
	}
	return list, nil
}

// Kill resets the connections of a broker and forgets what it has queued; an upload that is under way may still land. When the
// lease is over, the others take its partitions and groups. With the last broker that is not dead all memory is gone: the next
// Start begins with nothing but the bucket.
func (c *Cluster) Kill(ctx context.Context, id int32) error {
	return c.change(ctx, "kill", id, []platform.State{platform.Running, platform.Paused}, func(b *broker) error {
		return c.fall(ctx, b)
	})
}

// fall ends the process of a broker, and the life with that of the last one. The caller holds c.mu.
func (c *Cluster) fall(ctx context.Context, b *broker) error {
	dead := b.alive()
	if err := b.die(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	if !slices.ContainsFunc(c.brokers, func(b *broker) bool { return b.alive() != nil }) {
		return c.end(ctx)
	}
	c.life.withdraw(dead)
	c.life.members.announce()
	c.expect()
	return nil
}

// Stop has a broker hand over what it leads, answer what it has accepted, and end. It takes at most Options.Patience.
func (c *Cluster) Stop(ctx context.Context, id int32) error {
	return c.stop(ctx, "stop", id, false)
}

// Remove stops a broker for good, or forgets one that is dead. One at least has to run on.
func (c *Cluster) Remove(ctx context.Context, id int32) error {
	return c.stop(ctx, "remove", id, true)
}

// Start starts a dead broker on its port. Where others have taken over what it had led, it gets a share back.
func (c *Cluster) Start(ctx context.Context, id int32) error {
	return c.change(ctx, "start", id, []platform.State{platform.Dead}, func(b *broker) error {
		if c.life == nil {
			if err := c.begin(ctx, []*broker{b}); err != nil {
				return err
			}
			c.mischief.started(c.life, b.node)
			c.life.serve()
			return nil
		}
		return c.rise(ctx, b, c.mischief.started)
	})
}

// rise starts a broker in the life that there is. The caller holds c.mu.
func (c *Cluster) rise(ctx context.Context, b *broker, tell func(*life, int32)) error {
	if err := b.start(ctx, c.life); err != nil {
		return err
	}
	tell(c.life, b.node)
	c.join(b)
	c.life.open(b)
	return nil
}

// Pause freezes a broker: the kernel still accepts connections, nothing is read, written or begun. When the lease is over, the
// others take over.
func (c *Cluster) Pause(ctx context.Context, id int32) error {
	return c.change(ctx, "pause", id, []platform.State{platform.Running}, func(b *broker) error {
		b.pause()
		c.life.members.announce()
		c.expect()
		return nil
	})
}

// Resume lets a paused broker go on. If others have taken over, it refuses what had waited in it, and then gets a share back.
func (c *Cluster) Resume(ctx context.Context, id int32) error {
	return c.change(ctx, "resume", id, []platform.State{platform.Paused}, func(b *broker) error {
		member := c.life.members.get(b.node) != nil
		if !member {
			c.mischief.woke(c.life, b.node)
		}
		b.resume()
		if !member {
			c.returnLater(b)
		}
		c.life.members.announce()
		c.review()
		return nil
	})
}

// Add starts one broker more, on a free port.
func (c *Cluster) Add(ctx context.Context) (int32, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return 0, errors.New("add a broker: the embedded cluster is closed")
	case c.life == nil:
		return 0, errors.New("add a broker: all are dead: start one of them before")
	case len(c.brokers) >= maxBrokers:
		return 0, fmt.Errorf("add a broker: there are %d, which is as many as there can be", len(c.brokers))
	}
	b, err := newBroker(ctx, c.freeNode(), 0)
	if err != nil {
		return 0, err
	}
	c.nodes = max(c.nodes, b.node+1)
	if err := c.rise(ctx, b, c.mischief.added); err != nil {
		b.release()
		return 0, fmt.Errorf("add a broker: %w", err)
	}
	c.brokers = append(c.brokers, b)
	slices.SortFunc(c.brokers, func(a, b *broker) int { return cmp.Compare(a.node, b.node) })
	return b.node, nil
}

// freeNode returns a node id that no broker ever had, so that nobody takes a new one for one that was removed; or the lowest that is
// free where kfake has no further nodes.
func (c *Cluster) freeNode() int32 {
	if next := max(c.nodes, int32(len(c.options.Ports))); next < maxBrokers {
		return next
	}
	node := int32(0)
	for c.broker(node) != nil {
		node++
	}
	return node
}

// broker returns the broker with the id, nil if there is none. The caller holds c.mu.
func (c *Cluster) broker(id int32) *broker {
	i := slices.IndexFunc(c.brokers, func(b *broker) bool { return b.node == id })
	if i < 0 {
		return nil
	}
	return c.brokers[i]
}

// change runs a change of a broker that is in one of the states, with c.mu held.
func (c *Cluster) change(ctx context.Context, verb string, id int32, from []platform.State, run func(*broker) error) error {
	b, err := c.claim(ctx, id)
	if err != nil {
		return fmt.Errorf("%s broker %d: %w", verb, id, err)
	}
	defer b.yield()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.may(b, from); err != nil {
		return fmt.Errorf("%s broker %d: %w", verb, id, err)
	}
	if err := run(b); err != nil {
		return fmt.Errorf("%s broker %d: %w", verb, id, err)
	}
	return nil
}

func (c *Cluster) claim(ctx context.Context, id int32) (*broker, error) {
	c.mu.Lock()
	b := c.broker(id)
	c.mu.Unlock()
	if b == nil {
		return nil, errors.New("there is no such broker")
	}
	return b, b.claim(ctx)
}

// may reports why the broker cannot be changed from what it does. The caller holds c.mu.
func (c *Cluster) may(b *broker, from []platform.State) error {
	if c.closed {
		return errors.New("the embedded cluster is closed")
	}
	if c.broker(b.node) != b {
		return errors.New("it was removed")
	}
	if state, _ := b.current(); !slices.Contains(from, state) {
		return fmt.Errorf("it is %s", state)
	}
	return nil
}
