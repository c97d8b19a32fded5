package trust

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/contract"
	"k6suite/extension/kafka"
)

// deafness makes a client lose answers: when one to a Produce request comes, its connection ends in place of it. So the target has
// written, and answered, and the client does not know it.
type deafness struct {
	dial kafka.DialFunc
	left atomic.Int64 // answers still to be lost
	lost atomic.Int64
}

// lose has so many more answers lost. A nil deafness loses none.
func (d *deafness) lose(answers int) {
	if d != nil {
		d.left.Add(int64(answers))
	}
}

// open is how the client dials.
func (d *deafness) open(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &deafConn{Conn: conn, deafness: d}, nil
}

// take says whether an answer that has come is to be lost.
func (d *deafness) take() bool {
	for {
		left := d.left.Load()
		if left == 0 {
			return false
		}
		if d.left.CompareAndSwap(left, left-1) {
			d.lost.Add(1)
			return true
		}
	}
}

// deafConn is a connection of such a client.
type deafConn struct {
	net.Conn
	*deafness
	produced atomic.Bool // a Produce request was sent on it: a client sends no others on that connection from then on
}

var errAnswerLost = errors.New("an answer was lost, as it was told to be")

// Write sees requests go out, each as a whole, as franz-go writes them.
func (c *deafConn) Write(b []byte) (int, error) {
	if isProduce(b) {
		c.produced.Store(true)
	}
	return c.Conn.Write(b)
}

// Read sees answers come in.
func (c *deafConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && c.produced.Load() && c.take() {
		return 0, errors.Join(errAnswerLost, c.Close())
	}
	return n, err
}

// isProduce tells a Produce request: its length, which is never that great, and its API key. What TLS sends looks like none.
func isProduce(b []byte) bool {
	return len(b) >= 8 && b[0] == 0 && kmsg.Key(binary.BigEndian.Uint16(b[4:])) == kmsg.Produce && int(binary.BigEndian.Uint32(b)) == len(b)-4
}

// heard gives how many answers a producer has lost in a call, and doubts a run in which they were fewer than asked for: then nothing
// may have been sent twice.
func (r *Run) heard(p *trackedProducer, asked int) int64 {
	if p.deaf == nil {
		return 0
	}
	left := p.deaf.left.Swap(0)
	lost := p.deaf.lost.Swap(0)
	if left > 0 && asked > 0 {
		r.doubt(contract.Doubt{
			Requirements: []string{"F8.2"},
			Text: fmt.Sprintf("%s lost %d answers, and was to lose %d: too few of its batches were sent again (over TLS it cannot tell answers)",
				p.name, lost, asked),
		})
	}
	return lost
}
