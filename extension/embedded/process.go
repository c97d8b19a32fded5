package embedded

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// process is a broker between its start and its death: the sockets that clients see, and the way to object storage.
type process struct {
	node     int32
	listener net.Listener
	bucket   *bucket
	slots    chan struct{} // a token for each PUT that is under way

	ctx    context.Context //nolint:containedctx // the process is what the context is about
	cancel context.CancelFunc

	retired atomic.Bool   // asked to end: what it has accepted it still does
	handed  chan struct{} // closed when a process that was asked to end leads and coordinates nothing any more

	mu      sync.Mutex // guards what follows
	conns   map[*connection]struct{}
	emptied chan struct{} // closed once a process that leaves has no connection any more
	asleep  chan struct{} // nil unless paused; closed by resume
	dead    bool
}

func newProcess(l *life, node int32, listener net.Listener, b *bucket) *process {
	p := &process{
		node: node, listener: listener, bucket: b, slots: make(chan struct{}, l.options.Uploads),
		handed: make(chan struct{}), conns: map[*connection]struct{}{}, emptied: make(chan struct{}),
	}
	p.ctx, p.cancel = context.WithCancel(l.ctx)
	return p
}

// accept serves connections until the process ends.
func (p *process) accept(serve func(net.Conn)) {
	for {
		sock, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) || err != nil && p.ctx.Err() != nil {
			return
		}
		if err != nil && !sleep(p.ctx, firstPause) { // no descriptor left, say: there may be one when another client has gone
			return
		}
		if err != nil {
			continue
		}
		if p.awake(p.ctx) != nil {
			reset(sock)
			return
		}
		go serve(sock)
	}
}

// adopt enters a connection, unless the process ends.
func (p *process) adopt(c *connection) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead || p.leaving() {
		return false
	}
	p.conns[c] = struct{}{}
	return true
}

func (p *process) forget(c *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	p.mayBeEmpty()
}

// mayBeEmpty tells who waits for the last connection. The caller holds p.mu.
func (p *process) mayBeEmpty() {
	if !p.leaving() || len(p.conns) > 0 {
		return
	}
	select {
	case <-p.emptied:
	default:
		close(p.emptied)
	}
}

// kill closes the socket and resets every connection, as the death of a process does.
func (p *process) kill() {
	_ = p.listener.Close()
	p.cancel()
	p.mu.Lock()
	p.dead = true
	conns := p.conns
	p.conns = nil
	p.mu.Unlock()
	for c := range conns {
		reset(c.sock)
	}
}

// reset sends a RST instead of a FIN.
func reset(sock net.Conn) {
	if tcp, ok := sock.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = sock.Close()
}

// retire has the process let nobody in any more and finish what it has accepted, also where it does not lead any more.
func (p *process) retire() {
	p.retired.Store(true)
	_ = p.listener.Close()
}

// leaving reports whether the process has been asked to end.
func (p *process) leaving() bool { return p.retired.Load() }

// finish reads no more requests, and waits until those that were read are answered, at the latest until the patience ends.
func (p *process) finish(ctx context.Context, patience time.Duration) {
	for _, c := range p.connections() {
		c.hangUp()
	}
	p.mu.Lock()
	p.mayBeEmpty()
	p.mu.Unlock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.emptied:
	case <-timer.C:
	case <-p.ctx.Done():
	case <-ctx.Done():
	}
}

func (p *process) pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asleep = make(chan struct{})
}

func (p *process) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.asleep)
	p.asleep = nil
}

// awake returns at once, unless the process is paused: then when it is resumed.
func (p *process) awake(ctx context.Context) error {
	for {
		p.mu.Lock()
		asleep := p.asleep
		p.mu.Unlock()
		if asleep == nil {
			return ctx.Err()
		}
		select {
		case <-asleep:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// connections returns a copy of the list.
func (p *process) connections() []*connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]*connection, 0, len(p.conns))
	for c := range p.conns {
		list = append(list, c)
	}
	return list
}

type processKey struct{}

// by returns a context in which storage is used in the name of the process.
func by(ctx context.Context, p *process) context.Context {
	return context.WithValue(ctx, processKey{}, p)
}

// behind returns whose name is in the context, nil if it is nobody's.
func behind(ctx context.Context) *process {
	p, _ := ctx.Value(processKey{}).(*process)
	return p
}
