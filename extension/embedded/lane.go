package embedded

import "context"

// lane is the way of one object into the store: in the name of the broker that is responsible for it, and as one of the PUTs that a
// broker may have under way at once.
type lane struct {
	life *life
	at   *place   // the partition whose leader writes; nil: the broker in the context writes
	held *process // whose slot is taken; nil: none
}

// open waits for a slot of the responsible broker, unless the lane has one. A broker that is paused or dead begins nothing: its
// successor goes on.
func (n *lane) open(ctx context.Context) error {
	for n.held == nil {
		changed := n.life.members.changed()
		responsible, err := n.responsible(ctx)
		if err != nil || responsible == nil {
			return err
		}
		select {
		case responsible.slots <- struct{}{}:
			n.held = responsible
			if !n.stands(ctx) { // it was paused, say, while we waited
				n.close()
			}
		case <-changed:
		case <-n.life.ctx.Done():
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// responsible returns who has to write, nil if that is nobody in particular.
func (n *lane) responsible(ctx context.Context) (*process, error) {
	select {
	case <-n.life.ctx.Done(): // the brokers are gone: what still has to get there gets there
		return nil, nil
	default:
	}
	if n.at != nil && n.life.kfake != nil {
		alive, cancel := context.WithCancel(ctx) // of the dead nobody will lead any more
		defer cancel()
		defer context.AfterFunc(n.life.ctx, cancel)()
		p, err := n.life.leader(alive, *n.at)
		if err != nil && n.life.ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return p, err
	}
	p := behind(ctx)
	if p == nil || n.life.members.process(p.node) != p {
		return nil, nil
	}
	return p, nil
}

// stands reports whether who has the slot is still responsible.
func (n *lane) stands(ctx context.Context) bool {
	ctx, cancel := context.WithCancel(ctx)
	cancel() // not to wait
	p, err := n.responsible(ctx)
	return err == nil && p == n.held
}

func (n *lane) close() {
	if n.held != nil {
		<-n.held.slots
		n.held = nil
	}
}

// store returns the bucket in the name of who writes.
func (n *lane) store() *bucket {
	if n.held != nil {
		return n.held.bucket
	}
	return n.life.bucket
}
