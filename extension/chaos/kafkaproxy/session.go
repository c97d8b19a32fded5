package kafkaproxy

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"

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

	lost  chan error // why there can be no more answers
	ended sync.Once
}

func newSession(p *Proxy, conn net.Conn, to func(*session) router) *session {
	s := &session{proxy: p, conn: conn, calls: make(chan *call, maxAhead), lost: make(chan error, 1)}
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
	s.point.settle()
	close(s.calls)
	s.router.close(ctx)
	cancel()
	answering.Wait()
	s.point.detach()
}

// end closes the connection, and says why, once. What is nobody's fault is worth no warning.
func (s *session) end(err error) {
	s.ended.Do(func() {
		level := s.proxy.logger.Debug
		if errors.Is(err, wire.ErrMalformed) || errors.Is(err, errUnreachable) {
			level = s.proxy.logger.Warn
		}
		level("kafka proxy: closing a connection", "client", s.conn.RemoteAddr(), "error", err)
	})
	if errors.Is(err, errUnreachable) {
		reset(s.conn) // an orderly end would look to clients like a broker that wants TLS, and they would not try another
	}
	_ = s.conn.Close()
}

// lose ends the session once all answers that there are have gone out.
func (s *session) lose(err error) {
	select {
	case s.lost <- err:
	default:
	}
}

// take reads requests and sends them on.
func (s *session) take(ctx context.Context) error {
	in := newIntake(s.conn, s.proxy.options.FrameTimeout, s.proxy.spare.room)
	for {
		frame, err := in.next()
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
			c.fail(err) // the answers to the calls before it still go out, and then this ends the connection
			return nil
		}
	}
}

// show lets the owner of the proxy see what a client is told of brokers.
func (s *session) show(c *call) error {
	if s.proxy.options.Shown == nil || c.Key != kmsg.Metadata && c.Key != kmsg.DescribeCluster {
		return nil
	}
	message, err := c.reply()
	if err != nil {
		return err
	}
	s.proxy.options.Shown(message)
	c.replace()
	return nil
}

// answer hands the answers on in the order of the calls.
func (s *session) answer(ctx context.Context) error {
	for {
		c, err := s.due(ctx)
		if c == nil || err != nil {
			return err
		}
		if c.response == nil && !c.bare {
			continue
		}
		if err := s.router.rewrite(c); err != nil {
			return err
		}
		if err := s.show(c); err != nil {
			return err
		}
		if err := s.point.response(ctx, c); err != nil {
			return err
		}
		if c.response == nil && !c.bare {
			continue // a rule has lost it
		}
		if err := c.respondTo(s.conn); err != nil {
			return err
		}
		s.proxy.release(c)
	}
}

// due returns the next call once it is answered, nil behind the last one. An answer that is there goes out whatever has ended.
func (s *session) due(ctx context.Context) (*call, error) {
	var c *call
	select {
	case c = <-s.calls:
	default:
		select {
		case c = <-s.calls:
		case err := <-s.lost:
			return nil, err
		}
	}
	if c == nil {
		return nil, nil
	}
	select {
	case <-c.done:
	default:
		select {
		case <-c.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return c, c.err
}
