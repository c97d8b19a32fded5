package process

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// readiness says when a process serves: when an address accepts connections, or a URL answers.
type readiness struct {
	address string
	url     string
	timeout time.Duration
}

const (
	// look is how often is looked whether a process is ready.
	look = 20 * time.Millisecond
	// lookTime bounds one look.
	lookTime = time.Second
)

func (r readiness) String() string {
	if r.url != "" {
		return r.url
	}
	return r.address
}

// answers reports whether it serves now.
func (r readiness) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	if r.url != "" {
		return answersHTTP(ctx, r.url)
	}
	return accepts(ctx, r.address)
}

func accepts(ctx context.Context, address string) bool {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

func answersHTTP(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	transport := &http.Transport{DisableKeepAlives: true} // of nobody else
	response, err := transport.RoundTrip(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode >= 200 && response.StatusCode <= 299
}

// await waits until it serves. It is an error if the process ends before, or the time is over.
func (r readiness) await(ctx context.Context, ended <-chan struct{}) error {
	if r.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, r.timeout, fmt.Errorf("it was given %s", r.timeout))
		defer cancel()
	}
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		if r.answers(ctx) {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ended:
			return errEnded
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", r, context.Cause(ctx))
		}
	}
}
