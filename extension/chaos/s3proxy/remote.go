package s3proxy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"k6suite/extension/internal/httpcontrol"
)

const (
	// remoteLease is for how long a fault in the proxy of another process outlives us.
	remoteLease = 10 * time.Second
	// remotePatience is how long that proxy may take to answer, beyond what it is asked to wait.
	remotePatience = 5 * time.Second
)

// Remote is a proxy in another process, commanded over its control. It is safe for concurrent use.
type Remote struct {
	base   string
	lease  time.Duration
	client *http.Client

	mu     sync.Mutex
	closed bool
	faults []*RemoteFault
	work   sync.WaitGroup
}

// Connect finds the control of a proxy that another process runs (`k6 x suite s3proxy`), such as "http://127.0.0.1:9002". It is an
// error if what answers there is none.
func Connect(ctx context.Context, controlURL string) (*Remote, error) {
	return connect(ctx, controlURL, remoteLease)
}

func connect(ctx context.Context, controlURL string, lease time.Duration) (*Remote, error) {
	base, err := url.Parse(controlURL)
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, fmt.Errorf("s3 proxy: control %q is not an address like http://host:port", controlURL)
	}
	r := &Remote{base: strings.TrimRight(controlURL, "/"), lease: lease, client: &http.Client{Transport: &http.Transport{}}}
	var there []faultState
	if err := r.do(ctx, http.MethodGet, "/rules", nil, &there); err != nil {
		r.client.CloseIdleConnections()
		return nil, fmt.Errorf("s3 proxy: its control at %s: %w (start one with k6 x suite s3proxy)", controlURL, err)
	}
	return r, nil
}

// Inject puts a rule to work. The fault has a lease that is renewed until it is stopped: if this process dies, the fault ends by itself,
// 10 s later. After Close it is an error.
func (r *Remote) Inject(rule Rule) (*RemoteFault, error) {
	if err := rule.Check(); err != nil {
		return nil, err
	}
	spec, err := json.Marshal(rule)
	if err != nil {
		return nil, fmt.Errorf("rule: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errors.New("s3 proxy: its control was closed")
	}
	ctx, cancel := context.WithTimeout(context.Background(), remotePatience)
	defer cancel()
	f := &RemoteFault{remote: r, rule: rule, began: time.Now(), done: make(chan struct{})}
	if err := r.do(ctx, http.MethodPost, "/rules?lease="+r.lease.String(), spec, &f.last); err != nil {
		return nil, fmt.Errorf("s3 proxy: %w", err)
	}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	r.faults = append(r.faults, f)
	r.work.Go(f.renew)
	return f, nil
}

// AllFaults returns every fault that was injected here, ended ones included, in order.
func (r *Remote) AllFaults() []*RemoteFault {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.faults)
}

// Injected is how many faults were injected here, ended ones included.
func (r *Remote) Injected() int64 { return int64(len(r.AllFaults())) }

// Close stops all faults that were injected here. The proxy itself lives on.
func (r *Remote) Close() error {
	r.mu.Lock()
	r.closed = true
	faults := slices.Clone(r.faults)
	r.mu.Unlock()
	var stopping sync.WaitGroup
	for _, f := range faults {
		stopping.Go(f.Stop)
	}
	stopping.Wait()
	r.work.Wait()
	r.client.CloseIdleConnections()
	var failed error
	for _, f := range faults {
		failed = errors.Join(failed, f.Err())
	}
	return failed
}

// errGone is the answer that a fault has ended.
var errGone = errors.New("the fault has ended")

// do sends a command and reads the answer.
func (r *Remote) do(ctx context.Context, method, path string, body []byte, answer any) error {
	request, err := http.NewRequestWithContext(ctx, method, r.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := r.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode == http.StatusGone {
		return errGone
	}
	if response.StatusCode/100 != 2 {
		var p httpcontrol.Problem
		if json.Unmarshal(text, &p) != nil || p.Error == "" {
			return fmt.Errorf("it answers %s, and is no control of an S3 proxy", response.Status)
		}
		return errors.New(p.Error)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("its answer: %w", err)
	}
	return nil
}
