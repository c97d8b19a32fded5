package embedded

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

var errBrokerGone = errors.New("the broker is gone")

// doorway is the listener of a node of kfake, without a socket: its connections are made by dial.
type doorway struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newDoorway() *doorway {
	return &doorway{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (d *doorway) Addr() net.Addr { return nowhere{} }

// nowhere is the address of a doorway.
type nowhere struct{}

func (nowhere) Network() string { return "none" }
func (nowhere) String() string  { return net.JoinHostPort(nobody, "1") }

func (d *doorway) Accept() (net.Conn, error) {
	select {
	case conn := <-d.conns:
		return conn, nil
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

func (d *doorway) Close() error {
	d.once.Do(func() { close(d.closed) })
	return nil
}

// dial opens a connection to the node on behalf of a client at remote.
func (d *doorway) dial(ctx context.Context, remote net.Addr) (*upstream, error) {
	u := &upstream{
		remote: remote, closed: make(chan struct{}),
		requests: make(chan []byte), responses: make(chan []byte), taken: make(chan struct{}),
	}
	select {
	case d.conns <- u:
		return u, nil
	case <-d.closed:
		return nil, errBrokerGone
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// upstream is a connection to a node of kfake without a socket. kfake reads requests from it and writes each response with one
// call of Write, whose bytes are lent to the gate: nothing is copied on the way.
type upstream struct {
	remote    net.Addr
	requests  chan []byte
	unread    []byte // of the request that kfake is reading
	responses chan []byte
	taken     chan struct{}
	closed    chan struct{}
	once      sync.Once
}

// roundTrip hands one request to kfake and returns the response, which is valid until release is called.
func (u *upstream) roundTrip(ctx context.Context, frame []byte) (response []byte, release func(), err error) {
	select {
	case u.requests <- frame:
	case <-u.closed:
		return nil, nil, errBrokerGone
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	select {
	case response = <-u.responses:
		return response, u.release, nil
	case <-u.closed:
		return nil, nil, errBrokerGone
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

func (u *upstream) release() {
	select {
	case u.taken <- struct{}{}:
	case <-u.closed:
	}
}

func (u *upstream) Read(p []byte) (int, error) {
	if len(u.unread) == 0 {
		select {
		case u.unread = <-u.requests:
		case <-u.closed:
			return 0, io.EOF
		}
	}
	n := copy(p, u.unread)
	u.unread = u.unread[n:]
	return n, nil
}

func (u *upstream) Write(p []byte) (int, error) {
	select {
	case u.responses <- p:
	case <-u.closed:
		return 0, net.ErrClosed
	}
	select {
	case <-u.taken:
		return len(p), nil
	case <-u.closed:
		return 0, net.ErrClosed
	}
}

func (u *upstream) Close() error {
	u.once.Do(func() { close(u.closed) })
	return nil
}

func (u *upstream) LocalAddr() net.Addr              { return nowhere{} }
func (u *upstream) RemoteAddr() net.Addr             { return u.remote }
func (u *upstream) SetDeadline(time.Time) error      { return nil }
func (u *upstream) SetReadDeadline(time.Time) error  { return nil }
func (u *upstream) SetWriteDeadline(time.Time) error { return nil }
