package embedded

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/chaos/platform"
)

// showDead shows dead brokers as if they were there.
type showDead struct {
	honest
	*liar
}

func newShowDead(l *liar) mischief { return &showDead{liar: l} }

func (m *showDead) handler(l *life, key kmsg.Key, next handler) handler {
	if key != kmsg.Metadata {
		return next
	}
	return func(ctx context.Context, x *exchange) error {
		response := kmsg.NewPtrMetadataResponse()
		if err := next(ctx, x); err != nil {
			return err
		}
		if err := x.decodeResponse(response); err != nil {
			return err
		}
		for _, b := range l.brokers {
			if state, _ := b.current(); state != platform.Dead || l.members.get(b.node) != nil {
				continue
			}
			shown := kmsg.NewMetadataResponseBroker()
			shown.NodeID, shown.Host, shown.Port = b.node, loopback, int32(b.number())
			response.Brokers = append(response.Brokers, shown)
			m.hits.Add(1)
		}
		x.respond(response)
		return nil
	}
}

// movingMetadata shows a second broker behind the single endpoint, at its address, once a partition was taken over.
type movingMetadata struct {
	honest
	*liar
	moved atomic.Bool
}

func newMovingMetadata(l *liar) mischief { return &movingMetadata{liar: l} }

// secondNode is the id of no broker.
const secondNode = 1000

func (m *movingMetadata) took(l *life, _ *partition, from, _ int32) {
	if takenOver(l, from) {
		m.moved.Store(true)
	}
}

func (m *movingMetadata) shown(_ *Cluster, response kmsg.Response) {
	metadata, ok := response.(*kmsg.MetadataResponse)
	if !ok || len(metadata.Brokers) == 0 || !m.moved.Load() {
		return
	}
	second := metadata.Brokers[0]
	second.NodeID = secondNode
	metadata.Brokers = append(metadata.Brokers, second)
	m.hits.Add(1)
}

// idleNewcomer has brokers that were added lead nothing.
type idleNewcomer struct {
	honest
	*liar
	mu    sync.Mutex
	new   map[int32]bool
	last  map[place]int32 // who led a partition last that was there before
	other int32           // who leads what nobody led before
}

func newIdleNewcomer(l *liar) mischief {
	return &idleNewcomer{liar: l, new: map[int32]bool{}, last: map[place]int32{}}
}

func (m *idleNewcomer) added(_ *life, node int32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.new[node] = true
}

func (m *idleNewcomer) leads(at place, leader int32) int32 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.new[leader] {
		m.last[at], m.other = leader, leader
		return leader
	}
	m.hits.Add(1)
	if last, ok := m.last[at]; ok {
		return last
	}
	return m.other
}
