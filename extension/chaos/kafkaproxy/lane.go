package kafkaproxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"k6suite/extension/internal/wire"
)

const (
	// maxAhead is how many calls of one connection may be under way.
	maxAhead = 128
	// farewell is how long a broker may take to answer what is under way when the client has gone.
	farewell = 5 * time.Second
)

// lane is a connection to a broker. Calls leave it in the order of send, and are answered in that order.
type lane struct {
	backend *backend
	conn    net.Conn
	point   *point
	under   *underWay // nil where nobody wants to know

	sending sync.Mutex
	ended   bool // no more calls
	counted bool
	calls   chan *call

	gone     chan struct{} // closed when the connection has ended
	finished chan struct{} // closed when, then, all calls have got to know
	tell     func(error)   // why the connection has ended; called before finished
}

// openLane connects to a broker. Rules that concern the leg to a broker act at the point. The end of ctx ends the connection, even
// while a broker that does not read holds up a call.
func openLane(ctx context.Context, b *backend, at *point) (*lane, error) {
	return openLaneTelling(ctx, b, at, nil, func(error) {})
}

// openLaneTelling is openLane for who wants to know what is under way, and of the end of a connection when nothing is, too.
func openLaneTelling(ctx context.Context, b *backend, at *point, under *underWay, tell func(error)) (*lane, error) {
	conn, err := b.dial(ctx)
	if err != nil {
		return nil, err
	}
	l := &lane{
		backend: b, conn: conn, point: at, under: under, calls: make(chan *call, maxAhead),
		gone: make(chan struct{}), finished: make(chan struct{}), tell: tell,
	}
	at.attach(l.kill)
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	go func() {
		defer stop()
		l.receive(ctx)
	}()
	return l, nil
}

// send puts a call on its way. An error means that the call has ended with it.
func (l *lane) send(ctx context.Context, c *call) error {
	if l.under != nil {
		l.under.add(c)
	}
	err := l.point.request(ctx, c, l.write)
	if err != nil {
		c.fail(err)
	}
	return err
}

// write sends what the rules have left of a call.
func (l *lane) write(ctx context.Context, c *call) error {
	silent, err := c.unanswered()
	if err != nil {
		return err
	}
	l.sending.Lock()
	defer l.sending.Unlock()
	if l.ended {
		return errNotSent
	}
	l.count(c)
	if !silent {
		select {
		case l.calls <- c:
		case <-l.gone:
			return errNotSent
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", errNotSent, ctx.Err())
		}
	}
	err = c.writeTo(l.conn)
	c.written.Store(err == nil)
	if err != nil {
		_ = l.conn.Close() // receive fails what is under way, this call included
		return fmt.Errorf("%w: %w", errUnanswered, err)
	}
	if silent {
		c.complete(nil)
	}
	return nil
}

func (l *lane) count(c *call) {
	if !carriesRecords(c.Key) {
		return
	}
	l.backend.records.Add(1)
	if !l.counted {
		l.counted = true
		l.backend.connections.Add(1)
	}
}

// receive answers calls until the connection ends.
func (l *lane) receive(ctx context.Context) {
	defer close(l.finished)
	err := l.answers(ctx)
	_ = l.conn.Close()
	close(l.gone) // before the lock: who has it may be waiting for room
	l.sending.Lock()
	l.ended = true
	close(l.calls)
	l.sending.Unlock()
	for c := range l.calls {
		c.fail(err)
	}
	l.tell(err)
}

func (l *lane) answers(ctx context.Context) error {
	in := wire.FrameReader{In: bufio.NewReaderSize(l.conn, readBuffer), Room: l.backend.proxy.spare.room}
	for {
		frame, err := in.Next()
		if err != nil {
			return fmt.Errorf("broker at %s: %w: %w", l.backend.address, errUnanswered, err)
		}
		var c *call
		select {
		case c = <-l.calls:
		default:
			return fmt.Errorf("%w: the broker at %s sent a response that nobody asked for", wire.ErrMalformed, l.backend.address)
		}
		if id, err := wire.Correlation(frame); err != nil || id != c.Correlation {
			err = errors.Join(err, fmt.Errorf("%w: the broker at %s answered request %d with response %d",
				wire.ErrMalformed, l.backend.address, c.Correlation, id))
			c.fail(err)
			return err
		}
		// The rules of the leg see the answer before anybody else does.
		c.response = frame
		if err := l.point.response(ctx, c); err != nil {
			c.fail(err)
			return err
		}
		if c.response != nil { // else a rule has lost it
			c.complete(c.response)
		}
		if l.under != nil {
			l.under.answered()
		}
	}
}

// kill ends the connection at once, as the death of the broker would.
func (l *lane) kill() {
	reset(l.conn)
}

// close ends the lane when the broker has answered what is under way, or takes too long to.
func (l *lane) close(ctx context.Context) {
	l.point.settle()
	if half, ok := l.conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		select {
		case <-l.finished:
		case <-time.After(farewell):
		case <-ctx.Done():
		}
	}
	_ = l.conn.Close()
	<-l.finished
	l.point.detach()
}

// reset closes a connection with a RST where it can, so that the other side notices at once and nothing looks orderly.
func reset(conn net.Conn) {
	if inner, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS
		conn = inner.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
