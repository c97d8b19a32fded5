package s3backend

import (
	"bytes"
	"io"
)

// memory keeps the body in the object itself.
type memory struct{}

type memoryBody []byte

func (memory) stage(body []byte, _ attributes) (staged, error) { return memoryBody(body), nil }

func (memory) open(_, _ string, o *object) (io.ReadSeekCloser, error) {
	return nopCloser{bytes.NewReader(o.body)}, nil
}

func (memory) remove(_, _ string) error    { return nil }
func (memory) createBucket(_ string) error { return nil }
func (memory) removeBucket(_ string) error { return nil }
func (memory) close() error                { return nil }

func (b memoryBody) commit(_, _ string, o *object) error {
	o.body = b
	return nil
}

func (memoryBody) discard() {}

type nopCloser struct{ io.ReadSeeker }

func (nopCloser) Close() error { return nil }
