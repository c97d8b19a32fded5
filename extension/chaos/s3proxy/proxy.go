// Package s3proxy stands between a system under test and its object storage. It passes HTTP on byte for byte, so that signatures stay
// valid, and keeps a log of every request as an S3 operation: the witness of what was durable, and when. Rules make it delay, refuse,
// lose and spoil requests and answers on their way.
package s3proxy

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"
)

const defaultEntries = 100_000

// Options says what a proxy stands in front of.
type Options struct {
	// Upstream is the S3 endpoint, such as "http://127.0.0.1:9000". Buckets are taken from the path, not from the host name.
	Upstream string
	// UpstreamTLS is how TLS is spoken to an upstream of https. Default: whom the system trusts is trusted.
	UpstreamTLS *tls.Config
	// Listen is the address. Default: "127.0.0.1:0", a free port on loopback.
	Listen string
	// Entries is how many requests the log keeps; older ones are counted and dropped. Default: 100,000.
	Entries int
	// Lines gets each request as a line of JSON, as Entry has it, once it has ended. Default: nobody does.
	Lines io.Writer
}

// Proxy is a running proxy.
type Proxy struct {
	upstream upstream
	listener net.Listener
	log      *Log
	faults   faults
	ctx      context.Context //nolint:containedctx // of the proxy's life, which no call spans
	close    func() error

	mu     sync.Mutex
	closed bool
	conns  map[net.Conn]struct{}
	work   sync.WaitGroup
}

// Start starts a proxy that runs until Close. It does not connect to the upstream: one that is down is answered as such.
func Start(options Options) (*Proxy, error) {
	to, err := parseUpstream(options.Upstream, options.UpstreamTLS)
	if err != nil {
		return nil, err
	}
	if options.Listen == "" {
		options.Listen = "127.0.0.1:0"
	}
	if options.Entries <= 0 {
		options.Entries = defaultEntries
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", options.Listen)
	if err != nil {
		return nil, fmt.Errorf("s3 proxy: %w", err)
	}
	p := &Proxy{upstream: to, listener: listener, log: newLog(options.Entries), conns: map[net.Conn]struct{}{}}
	if options.Lines != nil {
		p.log.lines = &lines{encoder: json.NewEncoder(options.Lines)}
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.ctx = ctx
	p.work.Go(p.accept)
	p.close = sync.OnceValue(func() error { return p.end(cancel) })
	return p, nil
}

// URL returns the address of the proxy, such as "http://127.0.0.1:41234": what the system under test takes for its endpoint.
func (p *Proxy) URL() string { return "http://" + p.listener.Addr().String() }

// Log returns the log, which stays readable after Close.
func (p *Proxy) Log() *Log { return p.log }

// Close stops at once: requests that are under way are cut off on both sides, and what a fault has put off is not done any more.
// Nothing is left running after it. A second call does nothing more.
func (p *Proxy) Close() error { return p.close() }

func (p *Proxy) end(cancel context.CancelFunc) error {
	cancel()
	err := p.listener.Close()
	ended := p.faults.close()
	p.mu.Lock()
	p.closed = true
	for conn := range p.conns {
		_ = conn.Close()
	}
	p.mu.Unlock()
	p.work.Wait()
	ended()
	return errors.Join(err, p.log.lines.failed())
}

func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		switch {
		case p.ctx.Err() != nil:
			return
		case err != nil: // too many open files: some may be closed soon
			select {
			case <-time.After(10 * time.Millisecond):
			case <-p.ctx.Done():
			}
			continue
		}
		if p.own(conn) {
			p.work.Go(newLine(p, conn).serve)
		}
	}
}

// own has the connection be closed with the proxy; if that is closed already, it is now.
func (p *Proxy) own(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = conn.Close()
		return false
	}
	p.conns[conn] = struct{}{}
	return true
}

// drop closes a connection.
func (p *Proxy) drop(conn net.Conn) {
	_ = conn.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, conn)
}

// reset closes a connection at once: what is not sent yet is lost, and the other side hears of it as an error.
func (p *Proxy) reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	p.drop(conn)
}

// upstream is where requests go.
type upstream struct {
	address string      // host:port
	tls     *tls.Config // nil: in the clear
}

func parseUpstream(endpoint string, secure *tls.Config) (upstream, error) {
	parsed, err := url.Parse(endpoint)
	if err != nil || (parsed.Scheme != "http" && parsed.Scheme != "https") || parsed.Hostname() == "" ||
		strings.Trim(parsed.Path, "/") != "" {
		return upstream{}, fmt.Errorf("s3 proxy: upstream %q is not an address like http://host:port", endpoint)
	}
	to, port := upstream{}, "80"
	if parsed.Scheme == "https" {
		if to.tls, port = secure.Clone(), "443"; secure == nil {
			to.tls = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		to.tls.NextProtos = nil // HTTP/1.1
	}
	if parsed.Port() != "" {
		port = parsed.Port()
	}
	to.address = net.JoinHostPort(parsed.Hostname(), port)
	return to, nil
}

// dial connects to the upstream. The connection is closed with the proxy.
func (p *Proxy) dial() (net.Conn, error) {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	var conn net.Conn
	var err error
	if p.upstream.tls == nil {
		conn, err = dialer.DialContext(p.ctx, "tcp", p.upstream.address)
	} else {
		conn, err = (&tls.Dialer{NetDialer: dialer, Config: p.upstream.tls}).DialContext(p.ctx, "tcp", p.upstream.address)
	}
	if err != nil {
		return nil, err
	}
	if !p.own(conn) {
		return nil, net.ErrClosed
	}
	return conn, nil
}
