package embedded

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/wire"
)

// maxAhead is how many requests of one connection are read before the first of them is answered.
const maxAhead = 16

// connection is one client connection. Requests are served in order, one at a time, except that Produce requests which follow each
// other share the wait for object storage; responses go out in the order of the requests, as Kafka promises.
type connection struct {
	life    *life
	process *process
	node    int32
	sock    net.Conn          // as it was accepted: its end is decided there
	said    net.Conn          // what is read and written; sock, where there is no TLS
	ups     map[way]*upstream // only the goroutine that serves uses it
	sasl    saslState         // likewise
	opened  time.Time
	asked   map[place]int64 // what its fetch session asked for last; kept for lies only

	calls   chan *produceCall // whose answers are due, in order
	pending sync.WaitGroup    // calls that are not answered
	waiting atomic.Int64      // requests that were read, and that nobody has begun to serve
	open    atomic.Int64      // requests that were read and are not answered
	active  atomic.Int64      // when the last one was answered, in nanoseconds since 1970
}

// way is what a connection to kfake leads to, and in whose name: "" where access is not controlled.
type way struct {
	node      int32
	principal string
}

// exchange is one request on its way to kfake, and the response on its way back.
type exchange struct {
	wire.Request
	conn     *connection
	response []byte
	release  func()
	guise    string // in whose name it is served instead; for lies only
}

// handler serves an exchange: it sets its response, as a rule by forward.
type handler func(ctx context.Context, x *exchange) error

// forward lets kfake serve the request.
func (x *exchange) forward(ctx context.Context) error { return x.conn.life.route(ctx, x) }

// send lets one node of kfake serve the request.
func (x *exchange) send(ctx context.Context, node int32) error {
	up, err := x.conn.upstream(ctx, way{node, x.principal()})
	if err != nil {
		return err
	}
	x.done()
	x.response, x.release, err = up.roundTrip(ctx, x.Frame)
	return err
}

// served reads the request into one message, has it served, and reads the response into the other.
func (x *exchange) served(ctx context.Context, by handler, request kmsg.Request, response kmsg.Response) error {
	if err := x.Decode(request); err != nil {
		return err
	}
	if err := by(ctx, x); err != nil {
		return err
	}
	return x.decodeResponse(response)
}

// rewrite replaces the request before it is forwarded.
func (x *exchange) rewrite(message kmsg.Request) {
	x.Frame = wire.EncodeRequest(message, x.Correlation, x.ClientID)
}

// decodeResponse reads the response into message.
func (x *exchange) decodeResponse(message kmsg.Response) error {
	message.SetVersion(x.Version)
	return wire.DecodeResponse(x.response, message)
}

// respond replaces the response.
func (x *exchange) respond(message kmsg.Response) {
	frame := wire.EncodeResponse(message, x.Correlation)
	x.done()
	x.response = frame
}

func (x *exchange) done() {
	if x.release != nil {
		x.release()
		x.release = nil
	}
}

// serveConnection runs a connection to its end.
func (l *life) serveConnection(p *process, sock net.Conn) {
	ctx, cancel := context.WithCancel(by(p.ctx, p))
	defer cancel()
	c := &connection{
		life: l, process: p, node: p.node, sock: sock, ups: map[way]*upstream{}, opened: time.Now(), calls: make(chan *produceCall, maxAhead),
	}
	if !p.adopt(c) {
		reset(sock)
		return
	}
	defer p.forget(c)
	defer c.closeUpstreams()
	var helpers sync.WaitGroup
	defer helpers.Wait()
	said, err := l.shake(ctx, sock)
	if err != nil {
		level := l.logger.Warn
		if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) { // who only looks whether somebody listens
			level = l.logger.Debug
		}
		level("closing a connection", "client", sock.RemoteAddr(), "error", err)
		_ = sock.Close()
		return
	}
	c.said = said
	defer c.close()
	frames := make(chan []byte, maxAhead)
	helpers.Go(func() { // reads ahead, and notices when the client goes
		defer close(frames)
		c.read(ctx, frames)
		if !p.leaving() {
			cancel()
		}
	})
	helpers.Go(func() {
		defer cancel()
		c.answerCalls(ctx)
	})
	defer close(c.calls)
	defer c.settle(ctx)
	for frame := range frames {
		if err := c.handle(ctx, frame); err != nil {
			if ctx.Err() == nil {
				l.logger.Debug("closing a connection", "client", sock.RemoteAddr(), "error", err)
			}
			return
		}
	}
}

func (c *connection) read(ctx context.Context, frames chan<- []byte) {
	for {
		frame, err := wire.ReadFrame(c.said)
		if err != nil {
			if errors.Is(err, syscall.ECONNRESET) && c.life.disturbed() {
				c.life.mischief.cut(c.life, c.node)
			}
			return
		}
		c.waiting.Add(1)
		c.open.Add(1)
		select {
		case frames <- frame:
		case <-ctx.Done():
			return
		}
	}
}

func (c *connection) handle(ctx context.Context, frame []byte) error {
	r, err := wire.ParseRequest(frame)
	if err != nil {
		return err
	}
	if err := c.process.awake(ctx); err != nil {
		return err
	}
	if !c.sasl.admits(r.Key) {
		return errNotAuthenticated
	}
	c.life.metrics.request(c.node, r.Key)
	x := &exchange{Request: r, conn: c}
	if r.Key == kmsg.Produce {
		defer c.waiting.Add(-1)
		return c.produce(ctx, x)
	}
	c.waiting.Add(-1)
	defer c.answered()
	c.pending.Wait() // what was produced before is answered before
	defer x.done()
	if err := c.serve(ctx, x); err != nil {
		return err
	}
	return c.write(ctx, x.response)
}

// answered notes that a request has its answer.
func (c *connection) answered() {
	c.active.Store(time.Now().UnixNano())
	c.open.Add(-1)
}

// write sends a response, once the process is awake.
func (c *connection) write(ctx context.Context, frame []byte) error {
	if err := c.process.awake(ctx); err != nil {
		return err
	}
	_, err := c.said.Write(frame)
	return err
}

// answerCalls answers Produce requests in their order.
func (c *connection) answerCalls(ctx context.Context) {
	for call := range c.calls {
		frame, err := call.wait(ctx)
		if err == nil && frame != nil {
			err = c.write(ctx, frame)
		}
		c.pending.Done()
		c.answered()
		if err != nil {
			_ = c.sock.Close()
		}
	}
}

// upstream returns a connection to a node of kfake.
func (c *connection) upstream(ctx context.Context, to way) (*upstream, error) {
	if up := c.ups[to]; up != nil {
		return up, nil
	}
	up, err := c.life.doorways[to.node].dial(ctx, c.sock.RemoteAddr())
	if err != nil {
		return nil, err
	}
	if err := c.life.access.introduce(ctx, up, to.principal); err != nil {
		_ = up.Close()
		return nil, err
	}
	c.ups[to] = up
	return up, nil
}

func (c *connection) closeUpstreams() {
	for _, up := range c.ups {
		_ = up.Close()
	}
	clear(c.ups)
	c.sasl.close()
}
