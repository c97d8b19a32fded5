// Package s3proxy stands between a system under test and its object storage. It passes HTTP on as it is, so that signatures stay
// valid, and keeps a log of every request as an S3 operation: the witness of what was durable, and when.
package s3proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
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
	// Listen is the address. Default: "127.0.0.1:0", a free port on loopback.
	Listen string
	// Entries is how many requests the log keeps; older ones are counted and dropped. Default: 100,000.
	Entries int
}

// Proxy is a running proxy.
type Proxy struct {
	listener net.Listener
	log      *Log
	close    func() error

	mu     sync.RWMutex // read-locked by each request that is under way
	closed bool
}

// Start starts a proxy that runs until Close. It does not connect to the upstream: one that is down is answered as such.
func Start(options Options) (*Proxy, error) {
	upstream, err := url.Parse(options.Upstream)
	if err != nil || (upstream.Scheme != "http" && upstream.Scheme != "https") || upstream.Host == "" ||
		strings.Trim(upstream.Path, "/") != "" {
		return nil, fmt.Errorf("s3 proxy: upstream %q is not an address like http://host:port", options.Upstream)
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
	p := &Proxy{listener: listener, log: newLog(options.Entries)}
	p.serve(upstream)
	return p, nil
}

// URL returns the address of the proxy, such as "http://127.0.0.1:41234": what the system under test takes for its endpoint.
func (p *Proxy) URL() string { return "http://" + p.listener.Addr().String() }

// Log returns the log, which stays readable after Close.
func (p *Proxy) Log() *Log { return p.log }

// Close stops at once: requests that are under way are cut off on both sides. Nothing is left running after it. A second call does
// nothing more.
func (p *Proxy) Close() error { return p.close() }

func (p *Proxy) serve(upstream *url.URL) {
	transport := newTransport()
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = upstream.Scheme, upstream.Host
			r.Out.URL.RawQuery = r.In.URL.RawQuery // ReverseProxy cleans it: the signature covers it as it was
		},
		Transport:    &recorder{next: transport, log: p.log},
		ErrorHandler: refuse,
		BufferPool:   &buffers{},
		ErrorLog:     log.New(io.Discard, "", 0), // what failed stands in the log of the proxy
	}
	ctx, cancel := context.WithCancel(context.Background())
	server := &http.Server{
		Handler:           p.guard(proxy),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(p.listener) // ErrServerClosed after Close: there is no other way out
	}()
	p.close = sync.OnceValue(func() error {
		cancel() // a request that hangs upstream does not notice that its client is gone
		err := server.Close()
		<-done
		p.mu.Lock()
		defer p.mu.Unlock()
		p.closed = true
		transport.CloseIdleConnections()
		return err
	})
}

func (p *Proxy) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.RLock()
		defer p.mu.RUnlock()
		if p.closed {
			panic(http.ErrAbortHandler) // the connection was accepted before Close
		}
		next.ServeHTTP(w, r)
	})
}

// refuse answers for an upstream that did not. Where nothing can have reached it, the client is told so as S3 would; otherwise the
// connection is dropped: whether the request was applied is unknown, and no status code may pretend to know.
func refuse(w http.ResponseWriter, _ *http.Request, err error) {
	var network *net.OpError
	if !errors.As(err, &network) || network.Op != "dial" {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?>`+
		"\n<Error><Code>ServiceUnavailable</Code><Message>the object storage behind this proxy does not answer</Message></Error>")
}

// newTransport keeps a connection for each concurrent request; it neither follows a proxy of the environment nor unpacks bodies.
func newTransport() *http.Transport {
	const buffer = 64 << 10
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second,
		IdleConnTimeout:     time.Minute,
		MaxIdleConns:        1024,
		MaxIdleConnsPerHost: 1024,
		ReadBufferSize:      buffer,
		WriteBufferSize:     buffer,
		DisableCompression:  true,
	}
}

// buffers lends the buffers through which bodies are copied.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if lent, ok := b.pool.Get().(*[]byte); ok {
		return *lent
	}
	return make([]byte, 64<<10)
}

func (b *buffers) Put(buffer []byte) { b.pool.Put(&buffer) }
