package embedded

import (
	"context"
	"errors"
	"iter"
	"time"

	"k6suite/extension/objectstore"
)

// bucket is the object storage as the brokers use it: each request is measured.
type bucket struct {
	*objectstore.Store
	metrics *metrics
}

// named returns the bucket as somebody uses it whose name stands in the requests.
func (b *bucket) named(name string) (*bucket, error) {
	store, err := b.Named(name)
	return &bucket{Store: store, metrics: b.metrics}, err
}

func (b *bucket) measure(operation string, started time.Time, err error) {
	b.metrics.storage.WithLabelValues(operation).Observe(time.Since(started).Seconds())
	if err != nil && !errors.Is(err, objectstore.ErrExists) && !errors.Is(err, objectstore.ErrNotFound) {
		b.metrics.errors.WithLabelValues(operation).Inc()
	}
}

func (b *bucket) PutIfAbsent(ctx context.Context, key string, body []byte) (err error) {
	defer func(started time.Time) { b.measure("put", started, err) }(time.Now())
	return b.Store.PutIfAbsent(ctx, key, body)
}

func (b *bucket) Get(ctx context.Context, key string) (body []byte, err error) {
	defer func(started time.Time) { b.measure("get", started, err) }(time.Now())
	return b.Store.Get(ctx, key)
}

func (b *bucket) Delete(ctx context.Context, key string) (err error) {
	defer func(started time.Time) { b.measure("delete", started, err) }(time.Now())
	return b.Store.Delete(ctx, key)
}

func (b *bucket) List(ctx context.Context, prefix string) iter.Seq2[objectstore.Object, error] {
	return func(yield func(objectstore.Object, error) bool) {
		var failure error
		defer func(started time.Time) { b.measure("list", started, failure) }(time.Now())
		for object, err := range b.Store.List(ctx, prefix) {
			failure = err
			if !yield(object, err) {
				return
			}
		}
	}
}
