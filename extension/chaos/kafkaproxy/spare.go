package kafkaproxy

import (
	"math/bits"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// leastSpare and mostSpare bound the frames that are worth being used again, as powers of two: from 64 KiB to 64 MiB.
	leastSpare, mostSpare = 16, 26
)

// spare are great frames that nobody needs any more. To use one again is cheaper than to have a new one cleared and collected.
type spare struct{ bySize [mostSpare + 1]sync.Pool }

// room returns room for a frame of so many bytes: a spare one, or where one as great has been seen, a new one. Else nil.
func (s *spare) room(n int, seen bool) []byte {
	size := bits.Len(uint(n - 1))
	if size < leastSpare || size > mostSpare {
		return nil
	}
	if frame, ok := s.bySize[size].Get().(*[]byte); ok {
		return *frame
	}
	if !seen {
		return nil
	}
	return make([]byte, 1<<size)
}

// give takes a frame that nobody needs any more.
func (s *spare) give(frame []byte) {
	if size := bits.Len(uint(cap(frame))) - 1; size >= leastSpare && size <= mostSpare {
		frame = frame[:cap(frame)]
		s.bySize[size].Put(&frame)
	}
}

// release gives away the frames of a call whose answer the client has got. It does so only where nobody else can know them: rules and
// events may have looked at any call since there are some, and a request may be answered before it is written.
func (p *Proxy) release(c *call) {
	switch {
	case p.faults.looked.Load():
	case c.Key == kmsg.Produce && c.written.Load():
		p.spare.give(c.Frame)
	case c.Key == kmsg.Fetch:
		p.spare.give(c.response)
		for _, frame := range c.frames {
			p.spare.give(frame)
		}
	}
}
