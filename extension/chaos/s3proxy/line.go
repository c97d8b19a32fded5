package s3proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	readBuffer = 16 << 10
	// linger is how long a client may take to hear that a connection ends. Who closes one while the other side still sends resets it,
	// and the last answer may be lost.
	linger = time.Second
)

// line is the connection of a client. Requests are taken from it and sent on here; answers come back over its link. A client that
// sends a request before it has the answer to the one before, waits.
type line struct {
	proxy    *Proxy
	client   net.Conn
	in       *bufio.Reader
	head     []byte
	link     *link // to the upstream, nil: there is none now
	finished atomic.Bool
}

func newLine(p *Proxy, client net.Conn) *line {
	return &line{proxy: p, client: client, in: bufio.NewReaderSize(client, readBuffer)}
}

func (l *line) serve() {
	for l.next() {
	}
	if l.link != nil {
		l.link.leave() // an answer that is still to come is heard, for the log
	}
	_, _ = io.Copy(io.Discard, l.in) // until the client has gone, or finish has had enough
	if l.link != nil {
		<-l.link.ended
	}
	l.proxy.drop(l.client)
}

// finish has no more requests come, and lets the client hear that its connection ends.
func (l *line) finish() {
	l.finished.Store(true)
	if half, ok := l.client.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_ = l.client.SetReadDeadline(time.Now().Add(linger))
}

// next serves one request, but for its answer. It reports whether there may be another one.
func (l *line) next() bool {
	var err error
	if l.head, err = readHead(l.in, l.head[:0]); err != nil {
		if len(l.head) > maxHead {
			l.finish()
		}
		return false
	}
	x := &exchange{line: l, entry: Entry{Start: time.Now()}}
	if l.link != nil && !l.link.idle() {
		return false
	}
	if x.request, err = parseRequest(l.head, l.client.RemoteAddr()); err != nil {
		_ = answer(l.client, nil, http.StatusBadRequest, "InvalidRequest", "this is no request of HTTP/1.1: "+err.Error(), true)
		l.finish()
		return false
	}
	x.describe()
	switch x.before() {
	case goOn:
		return l.send(x)
	case answered:
		if !x.request.closing {
			return true
		}
		l.finish()
	}
	return false
}

// send sends a request on. It reports whether there may be another one.
func (l *line) send(x *exchange) bool {
	if err := x.prepare(); err != nil {
		x.fail(err)
		return false
	}
	k, err := l.linkFor(x)
	if err != nil {
		return l.unreachable(x, err)
	}
	return x.upload(k.conn) == nil // else one side has failed: the link ends, and says why
}

// unreachable answers for an upstream that nothing can have reached.
func (l *line) unreachable(x *exchange, cause error) bool {
	x.entry.Told = http.StatusServiceUnavailable
	x.fail(cause)
	closing := x.request.closing || x.discard() != nil
	const code = "ServiceUnavailable"
	err := answer(l.client, x.request, http.StatusServiceUnavailable, code, "the object storage behind this proxy does not answer", closing)
	if closing || err != nil {
		l.finish()
		return false
	}
	return true
}

// linkFor gives the link to the upstream, with the exchange on it: a new one where there is none, or the upstream has closed it.
func (l *line) linkFor(x *exchange) (*link, error) {
	if l.link != nil && l.link.begin(x) {
		return l.link, nil
	}
	conn, err := l.proxy.dial()
	if err != nil {
		return nil, err
	}
	l.link = newLink(l, conn, x)
	l.proxy.work.Go(l.link.serve)
	return l.link, nil
}
