package trust

import (
	"context"
	"errors"
	"net"
	"sync"

	"k6suite/extension/kafka"
)

// lines are the connections of a reader that will crash.
type lines struct {
	dial kafka.DialFunc

	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

var errCrashed = errors.New("the reader has crashed, as it was told to")

// open is how the reader dials: not any more when it has crashed.
func (l *lines) open(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := l.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		return nil, errors.Join(errCrashed, conn.Close())
	}
	l.conns = append(l.conns, conn)
	return conn, nil
}

// close ends them all at once.
func (l *lines) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	for _, conn := range l.conns {
		_ = conn.Close() // the client may have closed it
	}
	l.conns = nil
}

// crash ends the reader as if its process had died: what it has read since its last commit stays uncommitted, and the group finds out by
// its silence.
func (l *liveReader) crash() {
	l.crashed.Store(true)
	l.lines.close()
	l.client.Abandon() // it cannot leave the group any more, and is not to
	l.shared.left(l.name)
}
