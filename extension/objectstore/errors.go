package objectstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/minio/minio-go/v7"
)

// What an object store can say no to. Every error of a [Store] wraps at most one of them; test with [errors.Is].
var (
	// ErrNoBucket: the endpoint answered, and has no such bucket.
	ErrNoBucket = errors.New("no such bucket")
	// ErrRefused: the endpoint answered, and refuses these credentials (401, 403).
	ErrRefused = errors.New("access refused")
	// ErrUnreachable: nothing answered in time; whether a write was applied is unknown.
	ErrUnreachable = errors.New("not reachable")
	// ErrNotFound: the bucket has no object under the key.
	ErrNotFound = errors.New("no such object")
	// ErrExists: PutIfAbsent found an object under the key already (412).
	ErrExists = errors.New("object exists already")
)

// classify wraps err with the sentinel that tells its kind, if it is of a known kind.
func classify(err error) error {
	if err == nil {
		return nil
	}
	var answer minio.ErrorResponse
	if !errors.As(err, &answer) {
		if errors.Is(err, context.Canceled) {
			return err
		}
		var network net.Error
		if errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
		return err
	}
	switch {
	case answer.Code == minio.NoSuchBucket:
		return fmt.Errorf("%w: %w", ErrNoBucket, err)
	case answer.StatusCode == http.StatusUnauthorized, answer.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%w: %w", ErrRefused, err)
	case answer.StatusCode == http.StatusPreconditionFailed:
		return fmt.Errorf("%w: %w", ErrExists, err)
	case answer.Code == minio.NoSuchKey, answer.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return err
}

// hint says what to do about an error of Open.
func hint(err error) string {
	switch {
	case errors.Is(err, ErrNoBucket):
		return "create it, or name another one"
	case errors.Is(err, ErrRefused):
		return "check the access key, the secret key and what they may do"
	case errors.Is(err, ErrUnreachable):
		return "start the object store, or correct the endpoint"
	}
	return "check that an S3 service answers at this endpoint"
}
