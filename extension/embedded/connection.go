package embedded

import (
	"context"
	"errors"
	"net"
	"sync"
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
	life   *life
	node   int32
	sock   net.Conn
	up     *upstream
	opened time.Time
	asked  map[place]int64 // what its fetch session asked for last; kept for lies only

	calls   chan *produceCall // whose answers are due, in order
	pending sync.WaitGroup    // calls that are not answered
}

// exchange is one request on its way to kfake, and the response on its way back.
type exchange struct {
	wire.Request
	conn     *connection
	response []byte
	release  func()
}

// handler serves an exchange: it sets its response, as a rule by forward.
type handler func(ctx context.Context, x *exchange) error

// forward lets kfake serve the request.
func (x *exchange) forward(ctx context.Context) (err error) {
	x.response, x.release, err = x.conn.up.roundTrip(ctx, x.Frame)
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
func (l *life) serveConnection(b *broker, sock net.Conn) {
	ctx, cancel := context.WithCancel(l.ctx)
	defer cancel()
	up, err := b.doorway.dial(ctx, sock.RemoteAddr())
	if err != nil {
		return
	}
	defer up.Close()
	c := &connection{life: l, node: b.node, sock: sock, up: up, opened: time.Now(), calls: make(chan *produceCall, maxAhead)}
	var helpers sync.WaitGroup
	defer helpers.Wait()
	defer sock.Close()
	frames := make(chan []byte, maxAhead)
	helpers.Go(func() { // reads ahead, and notices when the client goes
		defer cancel()
		defer close(frames)
		for {
			frame, err := wire.ReadFrame(sock)
			if err != nil {
				if errors.Is(err, syscall.ECONNRESET) && l.disturbed() {
					l.mischief.cut(l, b.node)
				}
				return
			}
			select {
			case frames <- frame:
			case <-ctx.Done():
				return
			}
		}
	})
	helpers.Go(func() {
		defer cancel()
		c.answerCalls(ctx)
	})
	defer close(c.calls)
	for frame := range frames {
		if err := c.handle(ctx, frame); err != nil {
			if ctx.Err() == nil {
				l.logger.Debug("closing a connection", "client", sock.RemoteAddr(), "error", err)
			}
			return
		}
	}
}

func (c *connection) handle(ctx context.Context, frame []byte) error {
	r, err := wire.ParseRequest(frame)
	if err != nil {
		return err
	}
	c.life.metrics.request(c.node, r.Key)
	x := &exchange{Request: r, conn: c}
	if r.Key == kmsg.Produce {
		return c.produce(ctx, x)
	}
	c.pending.Wait() // what was produced before is answered before
	defer x.done()
	if err := c.life.handlerFor(r.Key)(ctx, x); err != nil {
		return err
	}
	_, err = c.sock.Write(x.response)
	return err
}

// answerCalls answers Produce requests in their order.
func (c *connection) answerCalls(ctx context.Context) {
	for call := range c.calls {
		frame, err := call.wait(ctx)
		if err == nil && frame != nil {
			_, err = c.sock.Write(frame)
		}
		c.pending.Done()
		if err != nil {
			_ = c.sock.Close()
		}
	}
}
