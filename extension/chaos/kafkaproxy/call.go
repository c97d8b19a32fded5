package kafkaproxy

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/wire"
)

// errNotSent is what becomes of a call that certainly has not reached its broker.
var errNotSent = errors.New("the broker did not get the request")

// errUnanswered is what becomes of a call whose broker went before it answered.
var errUnanswered = errors.New("the broker closed the connection before it answered")

// call is one request on its way, and its response on the way back. One goroutine after the other has it: who sends it, until
// it is answered, and then who hands the answer on.
type call struct {
	wire.Request
	message kmsg.Request // the body, once somebody asked for it

	then     func() // called when the call has ended, by who ended it; it must not block
	once     sync.Once
	done     chan struct{} // closed once there is an answer
	response []byte        // frame; nil where the API has none (acks=0)
	answer   kmsg.Response // the response, once somebody asked for it
	bare     bool          // there is an answer, and no response has been made of it yet: its records would have to be copied
	frames   [][]byte      // those of brokers that the records of a bare answer are parts of
	written  atomic.Bool   // the request has been sent whole
	err      error         // why there is none; then the connection that waits for it is ended

	asks kmsg.Request // what a part of a client's call asks for, as it was before any rule; nil: the whole call, not looked into
	sent time.Time    // to the broker; of those who watch lanes

	ours   bool   // a question of the proxy's own, which rules leave alone
	passed passed // what rules have done to the request
}

// newCall takes a frame apart. What the proxy cannot decode is an error.
func newCall(frame []byte) (*call, error) {
	request, err := wire.ParseRequest(frame)
	if err != nil {
		return nil, err
	}
	return &call{Request: request, done: make(chan struct{})}, nil
}

// newCallFor makes a call of a message of our own, or of a part of one. Its frame is made where somebody wants it.
func newCallFor(message kmsg.Request, correlation int32, clientID string) *call {
	return &call{
		Request: wire.Request{
			Key: kmsg.Key(message.Key()), Version: message.GetVersion(),
			Correlation: correlation, ClientID: clientID,
		},
		message: message, done: make(chan struct{}),
	}
}

// request returns the decoded body. It is shared: who changes it has to encode it.
func (c *call) request() (kmsg.Request, error) {
	if c.message != nil {
		return c.message, nil
	}
	message := kmsg.RequestForKey(int16(c.Key))
	if c.Version < 0 || c.Version > message.MaxVersion() {
		return nil, fmt.Errorf("%w: %s request version %d: versions up to %d are known",
			wire.ErrMalformed, c.Key.Name(), c.Version, message.MaxVersion())
	}
	if err := c.Decode(message); err != nil {
		return nil, err
	}
	c.message = message
	return message, nil
}

// encode puts the changed message into the frame.
func (c *call) encode() {
	c.Frame, c.Body = wire.EncodeRequest(c.message, c.Correlation, c.ClientID), nil
}

// frame returns the bytes of the request.
func (c *call) frame() []byte {
	if c.Frame == nil {
		c.encode()
	}
	return c.Frame
}

// writeTo writes the request.
func (c *call) writeTo(conn net.Conn) error {
	if m, ok := c.message.(*kmsg.ProduceRequest); ok && c.Frame == nil {
		pieces := wire.GatherProduce(m, c.Correlation, c.ClientID)
		_, err := pieces.WriteTo(conn)
		return err
	}
	_, err := conn.Write(c.frame())
	return err
}

// complete answers the call with a frame. Only the first answer counts.
func (c *call) complete(response []byte) { c.end(func() { c.response = response }) }

// respond answers the call with a message.
func (c *call) respond(message kmsg.Response) {
	c.end(func() {
		if c.Key != kmsg.ApiVersions { // whose refusals have a version of their own
			message.SetVersion(c.Version)
		}
		c.answer = message
		if _, c.bare = message.(*kmsg.FetchResponse); !c.bare {
			c.response = wire.EncodeResponse(message, c.Correlation)
		}
	})
}

// bytes makes the response of a bare answer, for who wants to see its bytes.
func (c *call) bytes() {
	if c.bare {
		c.replace()
	}
}

// respondTo writes the response, records from where they are.
func (c *call) respondTo(conn net.Conn) error {
	if c.bare {
		pieces := wire.GatherFetched(c.answer.(*kmsg.FetchResponse), c.Correlation)
		_, err := pieces.WriteTo(conn)
		return err
	}
	_, err := conn.Write(c.response)
	return err
}

// fail ends the call without an answer.
func (c *call) fail(err error) { c.end(func() { c.err = err }) }

func (c *call) end(set func()) {
	c.once.Do(func() {
		set()
		close(c.done)
		if c.then != nil {
			c.then()
		}
	})
}

// reply returns the decoded response of a call that was answered with one. It is shared: who changes it has to replace it.
func (c *call) reply() (kmsg.Response, error) {
	if c.answer != nil {
		return c.answer, nil
	}
	message := kmsg.ResponseForKey(int16(c.Key))
	message.SetVersion(c.Version)
	if err := wire.DecodeResponse(c.response, message); err != nil {
		return nil, err
	}
	c.answer = message
	return message, nil
}

// replace puts the changed answer into the response.
func (c *call) replace() {
	c.bare = false
	c.response = wire.EncodeResponse(c.answer, c.Correlation)
}

// unanswered reports whether the protocol has no response to the call: Produce with acks=0.
func (c *call) unanswered() (bool, error) {
	if c.Key != kmsg.Produce {
		return false, nil
	}
	message, err := c.request()
	if err != nil {
		return false, err
	}
	return message.(*kmsg.ProduceRequest).Acks == 0, nil
}
