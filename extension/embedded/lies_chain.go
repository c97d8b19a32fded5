package embedded

import (
	"context"
	"crypto/tls"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/objectstore"
)

// chain tells several lies at once.
type chain []mischief

func (c chain) arrive(l *life, p *partition, e *entry) bool {
	return slices.ContainsFunc(c, func(m mischief) bool { return m.arrive(l, p, e) })
}

func (c chain) gather(ctx context.Context, l *life, p *partition, group []*entry) ([]*entry, error) {
	var err error
	for _, m := range c {
		if group, err = m.gather(ctx, l, p, group); err != nil {
			return group, err
		}
	}
	return group, nil
}

func (c chain) stray(l *life, p *partition, e *entry) bool {
	return slices.ContainsFunc(c, func(m mischief) bool { return m.stray(l, p, e) })
}

func (c chain) late(l *life, p *partition, e *entry) bool {
	return slices.ContainsFunc(c, func(m mischief) bool { return m.late(l, p, e) })
}

func (c chain) took(l *life, p *partition, from, to int32) {
	for _, m := range c {
		m.took(l, p, from, to)
	}
}

func (c chain) woke(l *life, node int32) {
	for _, m := range c {
		m.woke(l, node)
	}
}

func (c chain) started(l *life, node int32) {
	for _, m := range c {
		m.started(l, node)
	}
}

func (c chain) added(l *life, node int32) {
	for _, m := range c {
		m.added(l, node)
	}
}

func (c chain) pieces(p *partition, pieces []*piece) []*piece {
	for _, m := range c {
		pieces = m.pieces(p, pieces)
	}
	return pieces
}

func (c chain) defers(l *life, p *partition, pieces []*piece, upload uploading) bool {
	return slices.ContainsFunc(c, func(m mischief) bool { return m.defers(l, p, pieces, upload) })
}

func (c chain) forgets(l *life, p *partition, pieces []*piece) bool {
	return slices.ContainsFunc(c, func(m mischief) bool { return m.forgets(l, p, pieces) })
}

func (c chain) torn(key string) {
	for _, m := range c {
		m.torn(key)
	}
}

func (c chain) recalls(groups []groupDocument) {
	for _, m := range c {
		m.recalls(groups)
	}
}

func (c chain) ack(p *partition, e *entry, o *outcome) {
	for _, m := range c {
		m.ack(p, e, o)
	}
}

func (c chain) survives(ctx context.Context, l *life, at place, objects []objectstore.Object) ([]objectstore.Object, error) {
	var err error
	for _, m := range c {
		if objects, err = m.survives(ctx, l, at, objects); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

func (c chain) restored(ctx context.Context, l *life, at place, objects []objectstore.Object) error {
	for _, m := range c {
		if err := m.restored(ctx, l, at, objects); err != nil {
			return err
		}
	}
	return nil
}

func (c chain) leads(at place, leader int32) int32 {
	for _, m := range c {
		leader = m.leads(at, leader)
	}
	return leader
}

func (c chain) shown(of *Cluster, response kmsg.Response) {
	for _, m := range c {
		m.shown(of, response)
	}
}

func (c chain) admits(open int) bool {
	return !slices.ContainsFunc(c, func(m mischief) bool { return !m.admits(open) })
}

func (c chain) keeps() bool {
	return slices.ContainsFunc(c, func(m mischief) bool { return m.keeps() })
}

func (c chain) proves(s *security) (*tls.Certificate, error) {
	shown := &s.server
	for _, m := range c {
		one, err := m.proves(s)
		if err != nil {
			return nil, err
		}
		if one != &s.server {
			shown = one
		}
	}
	return shown, nil
}

func (c chain) cut(l *life, node int32) {
	for _, m := range c {
		m.cut(l, node)
	}
}

func (c chain) handler(l *life, key kmsg.Key, next handler) handler {
	for _, m := range c {
		next = m.handler(l, key, next)
	}
	return next
}
