// Package objectstore reads and writes the bucket in which a Kafka-compatible system keeps its log: a small S3 client that
// tells the kinds of failure apart, the segment layouts of known systems, an audit that reads every record straight from the
// bucket, and an S3 server to run in the same process.
package objectstore

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Store is one bucket. It is safe for concurrent use and keeps its connections open until Close.
type Store struct {
	config    Config
	layout    Layout
	transport *http.Transport
	retrying  *minio.Client // for requests that may be sent again without harm
	once      *minio.Client // for requests whose second answer would hide the first
}

// Open connects to the bucket and verifies that it is there and may be used, within five seconds. The error names the
// endpoint and the bucket and wraps [ErrNoBucket], [ErrRefused] or [ErrUnreachable] where it is one of these.
func Open(ctx context.Context, config Config) (*Store, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	layout, err := LayoutNamed(config.Layout)
	if err != nil {
		return nil, err
	}
	s := &Store{config: config, layout: layout, transport: newTransport()}
	if s.retrying, err = s.newClient(config.MaxRetries + 1); err != nil {
		return nil, err
	}
	if s.once, err = s.newClient(1); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if err := s.verify(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("open bucket %q at %s: %w: %s", config.Bucket, config.Endpoint, err, hint(err))
	}
	return s, nil
}

// Close drops the idle connections. Requests that are under way are not disturbed.
func (s *Store) Close() { s.transport.CloseIdleConnections() }

// Layout returns the segment layout that the configuration names.
func (s *Store) Layout() Layout { return s.layout }

// Prefix returns where the tree of the layout begins, without slashes at its ends.
func (s *Store) Prefix() string { return s.config.Prefix }

func (s *Store) verify(ctx context.Context) error {
	exists, err := s.retrying.BucketExists(ctx, s.config.Bucket)
	if err != nil {
		return classify(err)
	}
	if exists {
		return nil
	}
	if !s.config.CreateBucket {
		return ErrNoBucket
	}
	return s.EnsureBucket(ctx)
}

// EnsureBucket creates the bucket if it does not exist.
func (s *Store) EnsureBucket(ctx context.Context) error {
	err := s.retrying.MakeBucket(ctx, s.config.Bucket, minio.MakeBucketOptions{Region: s.config.Region})
	switch minio.ToErrorResponse(err).Code {
	case minio.BucketAlreadyOwnedByYou, minio.BucketAlreadyExists: // by us before, or by somebody else at this moment
		return nil
	}
	if err != nil {
		return fmt.Errorf("create bucket %q at %s: %w", s.config.Bucket, s.config.Endpoint, classify(err))
	}
	return nil
}

// newTransport keeps as many connections as there are concurrent requests: with Go's default of two idle ones a host, a
// busy client on loopback runs out of ports.
func newTransport() *http.Transport {
	const buffer = 64 << 10
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 2 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   2 * time.Second,
		ResponseHeaderTimeout: time.Minute,
		IdleConnTimeout:       time.Minute,
		MaxIdleConns:          1024,
		MaxIdleConnsPerHost:   1024,
		ReadBufferSize:        buffer,
		WriteBufferSize:       buffer,
		DisableCompression:    true, // an object is compared byte by byte: nothing may unpack it on the way
	}
}

func (s *Store) newClient(attempts int) (*minio.Client, error) {
	endpoint, err := url.Parse(s.config.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("object store: endpoint: %w", err)
	}
	client, err := minio.New(endpoint.Host, &minio.Options{
		Creds:      credentials.NewStaticV4(s.config.AccessKey, s.config.SecretKey, ""),
		Secure:     endpoint.Scheme == "https",
		Transport:  s.transport,
		Region:     s.config.Region,
		MaxRetries: attempts,
	})
	if err != nil {
		return nil, fmt.Errorf("object store %s: %w", s.config.Endpoint, err)
	}
	return client, nil
}
