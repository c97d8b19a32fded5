package kafkaproxy

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"k6suite/extension/internal/wire"
)

// readBuffer is small, for there may be thousands of connections that do nothing. What is greater is read past it, into its frame.
const readBuffer = 1 << 10

// intake reads the requests of a client. One that is idle waits without a timer; one that has begun a request and then falls
// silent is given up, for nobody could tell it from one that is gone.
type intake struct {
	conn     net.Conn
	in       *bufio.Reader
	frames   wire.FrameReader
	patience time.Duration
	begun    bool // a part of a frame is there
	timed    bool // a deadline is set
}

func newIntake(conn net.Conn, patience time.Duration, room func(int, bool) []byte) *intake {
	i := &intake{conn: conn, patience: patience}
	i.in = bufio.NewReaderSize(i, readBuffer)
	i.frames = wire.FrameReader{In: i.in, Room: room}
	return i
}

// Read reads from the connection. Only in the middle of a frame does it wait for no longer than patience.
func (i *intake) Read(p []byte) (int, error) {
	if i.begun {
		i.timed = true
		if err := i.conn.SetReadDeadline(time.Now().Add(i.patience)); err != nil {
			return 0, err
		}
	}
	return i.conn.Read(p)
}

// next reads one frame. io.EOF is the end between two.
func (i *intake) next() ([]byte, error) {
	i.begun = false
	if i.timed {
		i.timed = false
		if err := i.conn.SetReadDeadline(time.Time{}); err != nil {
			return nil, err
		}
	}
	if _, err := i.in.Peek(1); err != nil {
		return nil, err
	}
	i.begun = true
	frame, err := i.frames.Next()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, fmt.Errorf("%w: half a request, and then nothing for %s", wire.ErrMalformed, i.patience)
	}
	return frame, err
}
