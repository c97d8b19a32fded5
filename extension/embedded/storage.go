package embedded

import (
	"context"
	"errors"
	"fmt"

	"k6suite/extension/chaos/s3proxy"
	"k6suite/extension/objectstore"
)

const embeddedBucket = "k6suite"

// storage is the object storage of a cluster. It outlives the brokers.
type storage struct {
	server *objectstore.Server // nil where an endpoint was given
	proxy  *s3proxy.Proxy      // what the brokers talk to
	direct objectstore.Config  // around the proxy
	store  *objectstore.Store  // through the proxy
}

func openStorage(ctx context.Context, options Options) (_ *storage, err error) {
	s := &storage{direct: options.Store.S3}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.direct.Endpoint == "" {
		if s.server, err = objectstore.Serve(objectstore.ServeOptions{Dir: options.Store.Dir}); err != nil {
			return nil, err
		}
		s.direct.Endpoint, s.direct.Bucket, s.direct.CreateBucket = s.server.URL(), embeddedBucket, true
	}
	s.direct.Prefix, s.direct.Layout = options.Namespace, objectstore.KafScaleLayout
	if s.proxy, err = s3proxy.Start(s3proxy.Options{Upstream: s.direct.Endpoint}); err != nil {
		return nil, err
	}
	proxied := s.direct
	proxied.Endpoint = s.proxy.URL()
	proxied.MaxRetries = -1 // the cluster itself repeats what has to be repeated
	if s.store, err = objectstore.Open(ctx, proxied); err != nil {
		return nil, fmt.Errorf("the object storage of the embedded cluster (%s): %w", s.direct.Endpoint, err)
	}
	return s, nil
}

func (s *storage) close() error {
	var errs []error
	if s.store != nil {
		s.store.Close()
	}
	if s.proxy != nil {
		errs = append(errs, s.proxy.Close())
	}
	if s.server != nil {
		errs = append(errs, s.server.Close())
	}
	return errors.Join(errs...)
}
