package embedded

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k6suite/extension/chaos/platform"
)

// maxBrokers is how many brokers a cluster can have at once. kfake has a node for each from the beginning: adding one later would
// have it draw lots for all leaders.
const maxBrokers = 32

// broker is one broker of the cluster, over all its deaths: its node id and its port stay.
type broker struct {
	node   int32
	change chan struct{} // holds one token, for who changes what the broker does

	mu      sync.Mutex // guards what follows; changed under Cluster.mu
	port    port
	state   platform.State
	since   time.Time // of the state
	process *process  // nil while dead
}

// newBroker takes a port for a broker that is still to be started.
func newBroker(ctx context.Context, node int32, number int) (*broker, error) {
	b := &broker{node: node, change: make(chan struct{}, 1), port: port{number: number}, state: platform.Dead, since: time.Now()}
	b.change <- struct{}{}
	if err := b.port.hold(ctx); err != nil {
		return nil, fmt.Errorf("broker %d: %w", node, err)
	}
	return b, nil
}

// claim waits until nobody else changes what the broker does.
func (b *broker) claim(ctx context.Context) error {
	select {
	case <-b.change:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("broker %d is being changed by somebody else: %w", b.node, ctx.Err())
	}
}

func (b *broker) yield() { b.change <- struct{}{} }

// start begins a new process of the broker in the life. Nobody is served until its serve is called.
func (b *broker) start(ctx context.Context, l *life) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	store, err := l.bucket.named(fmt.Sprintf("embedded-broker-%d", b.node))
	if err != nil {
		return fmt.Errorf("broker %d: %w", b.node, err)
	}
	listener, err := b.port.listen(ctx)
	if err != nil {
		return fmt.Errorf("broker %d: %w", b.node, err)
	}
	b.process = newProcess(l, b.node, listener, store)
	b.enter(platform.Running)
	return nil
}

// die ends the process of the broker, if there is one, and keeps the port.
func (b *broker) die(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.process == nil {
		return nil
	}
	b.process.kill()
	b.process = nil
	b.enter(platform.Dead)
	if err := b.port.hold(ctx); err != nil {
		return fmt.Errorf("broker %d: %w", b.node, err)
	}
	return nil
}

// pause and resume freeze the process and thaw it.
func (b *broker) pause() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.process.pause()
	b.enter(platform.Paused)
}

func (b *broker) resume() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.enter(platform.Running)
	b.process.resume()
}

// enter notes the state. The caller holds b.mu.
func (b *broker) enter(state platform.State) { b.state, b.since = state, time.Now() }

// current returns what the broker does, and since when.
func (b *broker) current() (platform.State, time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state, b.since
}

// alive returns the process, paused or not, nil if the broker is dead.
func (b *broker) alive() *process {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.process
}

// running returns the process if it runs, else nil.
func (b *broker) running() *process {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state != platform.Running {
		return nil
	}
	return b.process
}

func (b *broker) number() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.port.number
}

func (b *broker) address() string { return fmt.Sprintf("%s:%d", loopback, b.number()) }

const loopback = "127.0.0.1"

// release gives the port of a dead broker back.
func (b *broker) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.port.release()
}
