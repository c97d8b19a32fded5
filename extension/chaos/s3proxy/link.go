package s3proxy

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
)

// link is a line's connection to the upstream. Answers are taken from it and passed on here.
type link struct {
	line  *line
	conn  net.Conn
	in    *bufio.Reader
	head  []byte
	ended chan struct{}

	mu      sync.Mutex
	current *exchange     // whose answer is awaited
	done    chan struct{} // closed when the exchange that was the last has ended
	leaving bool          // no other exchange will come
	dead    bool
}

// newLink has an exchange on it from its beginning.
func newLink(l *line, conn net.Conn, x *exchange) *link {
	return &link{
		line: l, conn: conn, in: bufio.NewReaderSize(conn, readBuffer), ended: make(chan struct{}), current: x, done: make(chan struct{}),
	}
}

// begin puts an exchange on the link; false: the link is dead.
func (k *link) begin(x *exchange) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.dead {
		return false
	}
	k.current, k.done = x, make(chan struct{})
	return true
}

// idle waits until the exchange on it has ended, and reports whether the client may go on.
func (k *link) idle() bool {
	k.mu.Lock()
	done := k.done
	k.mu.Unlock()
	<-done
	return !k.line.finished.Load()
}

// leave says that no other exchange will come. The upstream hears that the client has gone, and may still answer.
func (k *link) leave() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.leaving = true
	if half, ok := k.conn.(interface{ CloseWrite() error }); ok && k.current != nil {
		_ = half.CloseWrite()
		return
	}
	_ = k.conn.Close()
}

func (k *link) serve() {
	defer close(k.ended)
	for k.next() {
	}
	k.line.proxy.drop(k.conn)
}

// next passes one answer on. It reports whether there may be another one.
func (k *link) next() bool {
	var err error
	k.head, err = readHead(k.in, k.head[:0])
	k.mu.Lock()
	x := k.current
	k.dead = err != nil || x == nil // what nobody has asked for is no answer
	k.mu.Unlock()
	if x == nil {
		return false // the line finds out when it has a request
	}
	var r *response
	if err == nil {
		r, err = parseResponse(k.head, x.request)
	}
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		x.fail(fmt.Errorf("no answer: %w", err))
		return k.end(false)
	}
	if r.status < http.StatusOK {
		if r.status == http.StatusSwitchingProtocols {
			x.fail(errors.New("the upstream wants to speak something else than HTTP/1.1"))
			return k.end(false)
		}
		_, _ = k.line.client.Write(k.head) // "100 Continue"; a client that has gone is noticed elsewhere
		return true
	}
	return k.end(x.answer(k, r))
}

// end ends the exchange, and with keep the connections live on.
func (k *link) end(keep bool) bool {
	if !keep {
		k.line.finish()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.current = nil
	k.dead = k.dead || !keep || k.leaving
	close(k.done)
	return !k.dead
}
