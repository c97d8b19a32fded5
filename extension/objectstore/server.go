package objectstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/johannesboyne/gofakes3"

	"k6suite/extension/objectstore/internal/s3backend"
)

// ServeOptions says where an embedded S3 server listens and keeps its objects.
type ServeOptions struct {
	// Dir is the folder that keeps everything over a stop and a start, or a kill, of the process. A whole object is there or
	// none; but nothing is synced to the disk, so a machine that loses power may lose the latest objects. A multipart upload
	// that was not completed is lost with the process. One server at a time. Empty: all is in memory and gone with Close.
	Dir string
	// Listen is the address. Default: "127.0.0.1:0", a free port on loopback.
	Listen string
}

// Server is an S3 server in this process: path-style addresses, conditional PUT, ListObjects in pages, multipart uploads, no
// versions. It takes any credentials.
type Server struct {
	listener net.Listener
	close    func() error

	mu     sync.RWMutex // read-locked by each request that is under way
	closed bool
}

// Serve starts an S3 server that runs until Close.
func Serve(options ServeOptions) (*Server, error) {
	if options.Listen == "" {
		options.Listen = "127.0.0.1:0"
	}
	backend := s3backend.New()
	if options.Dir != "" {
		var err error
		if backend, err = s3backend.Open(options.Dir); err != nil {
			return nil, fmt.Errorf("embedded S3 server: %w", err)
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", options.Listen)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("embedded S3 server: %w", err), backend.Close())
	}
	s := &Server{listener: listener}
	server := &http.Server{
		// The clocks of client and server are one: a skew between them is an experiment with the clock, not with the store.
		Handler:           s.guard(s3backend.Unchunk(gofakes3.New(backend, gofakes3.WithTimeSkewLimit(0)).Server())),
		ReadHeaderTimeout: 10 * time.Second,
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // ErrServerClosed after Close: there is no other way out
	}()
	s.close = sync.OnceValue(func() error {
		err := server.Close()
		<-done
		s.mu.Lock() // the folder must not be given back while a request still writes to it
		defer s.mu.Unlock()
		s.closed = true
		return errors.Join(err, backend.Close())
	})
	return s, nil
}

// URL returns the endpoint, such as "http://127.0.0.1:41234".
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Close stops at once, as a crash would: requests that are under way are cut off. Nothing is left running after it. A second call
// does nothing more.
func (s *Server) Close() error { return s.close() }

func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.RLock()
		defer s.mu.RUnlock()
		if s.closed {
			panic(http.ErrAbortHandler) // the connection was accepted before Close
		}
		next.ServeHTTP(w, r)
	})
}
