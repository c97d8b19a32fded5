package kafkaproxy

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"sync"

	"k6suite/extension/internal/wire"
)

// session is one connection of a client. Requests are sent on as they come, without waiting for the answers to those before; the
// answers go back in the order of the requests, as Kafka promises.
type session struct {
	proxy  *Proxy
	conn   net.Conn
	router router
	point  *point     // the client's side
	calls  chan *call // whose answers are due, in order
}

func newSession(p *Proxy, conn net.Conn, to func(*session) router) *session {
	s := &session{proxy: p, conn: conn, calls: make(chan *call, maxAhead)}
	s.point = newPoint(p, frontOf(s))
	s.router = to(s)
	return s
}

// run serves the connection to its end.
func (s *session) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	s.point.attach(func() { reset(s.conn) })
	var answering sync.WaitGroup
	answering.Go(func() {
		if err := s.answer(ctx); err != nil {
			s.end(err)
			cancel()
		}
	})
	if err := s.take(ctx); err != nil {
		s.end(err)
	}
	close(s.calls)
	s.router.close(ctx)
	cancel()
	answering.Wait()
	s.point.detach()
}

// end closes the connection, and says why where it is not the client's own doing.
func (s *session) end(err error) {
	level := s.proxy.logger.Debug
	if errors.Is(err, wire.ErrMalformed) {
		level = s.proxy.logger.Warn
	}
	level("kafka proxy: closing a connection", "client", s.conn.RemoteAddr(), "error", err)
	_ = s.conn.Close()
}

// take reads requests and sends them on.
func (s *session) take(ctx context.Context) error {
	in := bufio.NewReaderSize(s.conn, readBuffer)
	for {
		frame, err := wire.ReadFrame(in)
		if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		c, err := newCall(frame)
		if err != nil {
			return err
		}
		if refusal := unknownVersion(c); refusal != nil {
			c.complete(refusal)
		} else if _, err := c.request(); err != nil {
			return err
		}
		select {
		case s.calls <- c: // before it is sent, so that its answer finds somebody who waits
		case <-ctx.Done():
			return ctx.Err()
		}
		if c.response != nil {
			continue
		}
		if err := s.point.request(ctx, c, s.router.route); err != nil {
			c.fail(err)
			return err
		}
	}
}

// answer hands the answers on in the order of the calls.
func (s *session) answer(ctx context.Context) error {
	for c := range s.calls {
		select {
		case <-c.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if c.err != nil {
			return c.err
		}
		if c.response == nil {
			continue
		}
		if err := s.router.rewrite(c); err != nil {
			return err
		}
		if err := s.point.response(ctx, c); err != nil {
			return err
		}
		if _, err := s.conn.Write(c.response); err != nil {
			return err
		}
	}
	return nil
}
