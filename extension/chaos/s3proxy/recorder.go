package s3proxy

import (
	"bytes"
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// maxErrorSize bounds what is read of an answer to find an error in it. Such answers are a few hundred bytes.
const maxErrorSize = 1 << 20

// recorder enters each exchange with the upstream into the log. Whatever is to act on requests or answers stands between it and the
// transport, as a RoundTripper of its own: the log then tells what the client saw.
type recorder struct {
	next http.RoundTripper
	log  *Log
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	entry := Entry{Start: time.Now()}
	entry.Operation, entry.Bucket, entry.Key = identify(request)
	sent := countRequest(request)

	response, err := r.next.RoundTrip(request)
	if err == nil {
		entry.Status, entry.ETag = response.StatusCode, strings.Trim(response.Header.Get("ETag"), `"`)
		if response.StatusCode >= http.StatusBadRequest || entry.Operation.mayFailLate() {
			entry.ErrorCode, err = errorCode(response)
		}
	}
	entry.End, entry.Request = time.Now(), sent.Load()
	if err != nil {
		entry.Err = reason(request.Context(), err)
		r.log.add(entry)
		if response != nil {
			_ = response.Body.Close()
		}
		return nil, err
	}
	number := r.log.add(entry)
	response.Body = &passedOn{ReadCloser: response.Body, log: r.log, number: number, ctx: request.Context()}
	return response, nil
}

// reason tells a client that went away from an upstream that failed.
func reason(ctx context.Context, err error) string {
	if ctx.Err() != nil {
		return "the client went away: " + err.Error()
	}
	return err.Error()
}

// errorCode looks for an S3 error in the answer, whose body it reads and puts back.
func errorCode(response *http.Response) (string, error) {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxErrorSize))
	if err != nil {
		return "", err
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), response.Body), response.Body}
	var found struct {
		XMLName xml.Name
		Code    string
	}
	// What is no XML holds no code: the answer to a HEAD is empty, and what is no S3 server answers anything.
	if err := xml.Unmarshal(body, &found); err != nil || found.XMLName.Local != "Error" {
		return "", nil //nolint:nilerr // see above
	}
	return found.Code, nil
}

// countRequest counts the bytes of the request's body from now on.
func countRequest(request *http.Request) *atomic.Int64 {
	sent := new(atomic.Int64)
	if request.Body != nil && request.Body != http.NoBody {
		request.Body = &counted{ReadCloser: request.Body, n: sent}
	}
	return sent
}

type counted struct {
	io.ReadCloser
	n *atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// passedOn is the body of an answer; when it is closed, the log learns how much of it went through.
type passedOn struct {
	io.ReadCloser
	log    *Log
	number uint64
	ctx    context.Context //nolint:containedctx // of the request, which the body belongs to
	n      int64
	err    error
}

func (b *passedOn) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.n += int64(n)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

func (b *passedOn) Close() error {
	err := b.ReadCloser.Close()
	if b.err == nil && b.ctx.Err() != nil {
		b.err = context.Cause(b.ctx)
	}
	b.log.finish(b.number, b.n, b.err)
	return err
}
