package kafkaproxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// dialTimeout bounds how long a broker may take to accept a connection.
const dialTimeout = 10 * time.Second

// acceptPause is how long nobody is let in after nobody could be.
const acceptPause = 10 * time.Millisecond

// Proxy is a running proxy. It is safe for concurrent use.
type Proxy struct {
	options  Options
	logger   *slog.Logger
	mode     mode
	backends *backends
	topics   *topicNames
	spare    spare
	faults   *faults

	accepted atomic.Int64 // connections of clients

	ctx    context.Context //nolint:containedctx // ends with the proxy
	cancel context.CancelFunc

	mu        sync.Mutex
	closed    bool
	listeners []net.Listener
	conns     map[net.Conn]struct{}
	work      sync.WaitGroup // accept loops and sessions
}

// mode is how clients see the cluster.
type mode interface {
	// start opens the listeners that there are from the beginning on.
	start() error
	// addresses are what clients bootstrap from.
	addresses() []string
	// live are the brokers that the cluster named last, by their ids.
	live() map[int32]*backend
}

// router sends the calls of one session where they belong.
type router interface {
	// route returns before the call is answered, and what it sends to one broker leaves in the order of the calls. An error ends
	// the session.
	route(ctx context.Context, c *call) error
	// rewrite changes what an answer says of brokers, before rules and the client see it. It is called in the order of the calls.
	rewrite(c *call) error
	// close ends the connections to brokers. What is under way is given a moment, until ctx ends.
	close(ctx context.Context)
}

// Start starts a proxy. It contacts no broker: one that is down is the client's to see.
func Start(ctx context.Context, options Options) (*Proxy, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	events, err := newEvents(options.Events)
	if err != nil {
		return nil, fmt.Errorf("kafka proxy: %w", err)
	}
	p := &Proxy{options: options, logger: options.Logger, topics: newTopicNames(), conns: map[net.Conn]struct{}{}}
	p.backends, p.faults = newBackends(p), newFaults(events)
	p.ctx, p.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if options.SingleEndpoint {
		p.mode = newEndpoint(p)
	} else {
		p.mode = newMirror(p)
	}
	if err := p.mode.start(); err != nil {
		return nil, errors.Join(fmt.Errorf("kafka proxy: %w", err), p.Close())
	}
	return p, nil
}

// Addresses returns what clients bootstrap from: one address, or in mirror mode one for each of Options.Brokers.
func (p *Proxy) Addresses() []string { return p.mode.addresses() }

// Clients returns how many connections of clients have been accepted, over all time.
func (p *Proxy) Clients() int64 { return p.accepted.Load() }

// Open returns how many connections of clients are open.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns)
}

// Close ends the proxy: its listeners, all connections, and all faults. A second call does nothing.
func (p *Proxy) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	listeners, conns := p.listeners, p.conns
	p.listeners, p.conns = nil, nil
	p.mu.Unlock()
	p.cancel()
	var err error
	for _, l := range listeners {
		err = errors.Join(err, l.Close())
	}
	for conn := range conns {
		_ = conn.Close()
	}
	ended := p.faults.close()
	p.work.Wait()
	ended()
	return errors.Join(err, p.faults.events.close())
}

// listen opens a listener whose connections are served by sessions of the given router.
func (p *Proxy) listen(address string, to func(*session) router) (net.Listener, error) {
	return p.listenFor(address, func(conn net.Conn) { p.serve(conn, to) })
}

// listenFor opens a listener whose connections are given to serve, and are closed behind it.
func (p *Proxy) listenFor(address string, serve func(net.Conn)) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(p.ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = listener.Close()
		return nil, net.ErrClosed
	}
	p.listeners = append(p.listeners, listener)
	p.work.Go(func() { p.accept(listener, serve) })
	return listener, nil
}

func (p *Proxy) accept(listener net.Listener, serve func(net.Conn)) {
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) || err != nil && p.ctx.Err() != nil {
			return
		}
		if err != nil { // no descriptor left, say: there may be one when another client has gone
			p.logger.Warn("kafka proxy: accepting a connection", "error", err)
			time.Sleep(acceptPause)
			continue
		}
		if admit := p.options.Admit; admit != nil && !admit(p.Open()) {
			reset(conn)
			continue
		}
		if !p.adopt(conn) {
			_ = conn.Close()
			return
		}
		p.accepted.Add(1)
		go func() {
			defer p.work.Done()
			defer p.forget(conn)
			serve(conn)
		}()
	}
}

// serve runs the session of a connection, behind TLS if the proxy ends it.
func (p *Proxy) serve(conn net.Conn, to func(*session) router) {
	if p.options.TLS != nil {
		secured := tls.Server(conn, p.options.TLS)
		ctx, cancel := context.WithTimeout(p.ctx, dialTimeout)
		err := secured.HandshakeContext(ctx)
		cancel()
		if err != nil {
			level := p.logger.Warn
			if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) { // who only looks whether somebody listens
				level = p.logger.Debug
			}
			level("kafka proxy: closing a connection", "client", conn.RemoteAddr(), "error", fmt.Errorf("TLS handshake: %w", err))
			return
		}
		conn = secured
	}
	newSession(p, conn, to).run(p.ctx)
}

func (p *Proxy) adopt(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.conns[conn] = struct{}{}
	p.work.Add(1)
	return true
}

func (p *Proxy) forget(conn net.Conn) {
	if p.options.Keep != nil && p.ctx.Err() == nil && p.options.Keep() {
		return
	}
	_ = conn.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, conn)
}
