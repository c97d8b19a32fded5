package objectstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
)

// Object describes one object of the bucket.
type Object struct {
	Key      string
	Size     int64 // in bytes
	ETag     string
	Modified time.Time
}

// Put writes the object, replacing what was there. It returns once the store has answered that the object is written. An error
// leaves open whether it was, unless it wraps [ErrNoBucket] or [ErrRefused]: an answer can be lost, and a store can apply a write
// and answer 500.
func (s *Store) Put(ctx context.Context, key string, body []byte) error {
	return s.put(ctx, s.retrying, key, body, minio.PutObjectOptions{})
}

// PutIfAbsent writes the object only where no object has the key (If-None-Match: *, one request, never sent again). It returns an
// error that wraps [ErrExists] where there is one. Other errors are those of Put; where they leave open whether the object was
// written, a second call may find one's own.
func (s *Store) PutIfAbsent(ctx context.Context, key string, body []byte) error {
	var options minio.PutObjectOptions
	options.SetMatchETagExcept("*")
	return s.put(ctx, s.once, key, body, options)
}

func (s *Store) put(ctx context.Context, client *minio.Client, key string, body []byte, options minio.PutObjectOptions) error {
	options.DisableMultipart = true // one object is one request: the log of requests is evidence
	_, err := client.PutObject(ctx, s.config.Bucket, key, bytes.NewReader(body), int64(len(body)), options)
	return s.explain("put", key, err)
}

// Get reads the whole object; the error wraps [ErrNotFound] where there is none.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	client := minio.Core{Client: s.retrying}
	content, info, _, err := client.GetObject(ctx, s.config.Bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return nil, s.explain("get", key, err)
	}
	defer content.Close()
	body := make([]byte, info.Size)
	if _, err := io.ReadFull(content, body); err != nil {
		return nil, s.explain("get", key, err)
	}
	return body, nil
}

// Delete removes the object. As in S3, that there was none is no error.
func (s *Store) Delete(ctx context.Context, key string) error {
	return s.explain("delete", key, s.retrying.RemoveObject(ctx, s.config.Bucket, key, minio.RemoveObjectOptions{}))
}

// List yields the objects whose key begins with prefix, in the order of their keys. An error is yielded once, as the last pair.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		options := minio.ListObjectsOptions{Prefix: prefix, Recursive: true}
		for info := range s.retrying.ListObjectsIter(ctx, s.config.Bucket, options) {
			if info.Err != nil {
				yield(Object{}, s.explain("list", prefix, info.Err))
				return
			}
			object := Object{Key: info.Key, Size: info.Size, ETag: strings.Trim(info.ETag, `"`), Modified: info.LastModified}
			if !yield(object, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil { // minio-go ends a listing in silence when its context ends
			yield(Object{}, s.explain("list", prefix, err))
		}
	}
}

func (s *Store) explain(verb, key string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: the connection ended early: %w", ErrUnreachable, err)
	}
	return fmt.Errorf("%s %s/%s at %s: %w", verb, s.config.Bucket, key, s.config.Endpoint, classify(err))
}
