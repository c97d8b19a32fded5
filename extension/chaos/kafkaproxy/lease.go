package kafkaproxy

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"k6suite/extension/internal/httpcontrol"
)

// Lease has the fault end after d, unless it is called again by then. So what a process asks of a proxy that is not its own ends when
// the process does, however it does. It reports false if the fault has ended already.
func (f *Fault) Lease(d time.Duration) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped {
		return false
	}
	f.leased = d
	if f.lease == nil {
		f.lease = time.AfterFunc(d, f.lapse)
		return true
	}
	f.lease.Reset(d)
	f.renewed = time.Now()
	return true
}

// lapse ends a fault whose lease was not renewed in time.
func (f *Fault) lapse() {
	f.mu.Lock()
	left := f.leased - time.Since(f.renewed)
	if !f.renewed.IsZero() && left > 0 { // it was renewed while its time was being over
		f.lease.Reset(left)
		f.mu.Unlock()
		return
	}
	f.mu.Unlock()
	f.end()
}

// leaseOf reads how long a fault is to last without being renewed, 0 if that is not said.
func leaseOf(r *http.Request) (time.Duration, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return 0, fmt.Errorf("query: %w", err)
	}
	for name := range query {
		if name != "lease" {
			return 0, fmt.Errorf("query %q: there is lease, a duration such as 10s", name)
		}
	}
	if !query.Has("lease") {
		return 0, nil
	}
	lease, err := time.ParseDuration(query.Get("lease"))
	if err != nil || lease <= 0 {
		return 0, fmt.Errorf("lease of %q: want a duration such as 10s", query.Get("lease"))
	}
	return lease, nil
}

// renew has a fault last for another lease: that of the query, or the one that it has.
func (c control) renew(r *http.Request) (int, any) {
	fault, err := c.fault(r)
	if err != nil {
		return httpcontrol.Refused(http.StatusNotFound, err)
	}
	lease, err := leaseOf(r)
	if err != nil {
		return httpcontrol.Refused(http.StatusBadRequest, err)
	}
	if lease == 0 {
		lease = fault.leaseTime()
	}
	if lease == 0 {
		return httpcontrol.Refused(http.StatusBadRequest, errors.New("the rule has no lease: name one in the query, as ?lease=10s"))
	}
	if !fault.Lease(lease) {
		return httpcontrol.Refused(http.StatusGone, fmt.Errorf("rule %d has ended, and cannot be renewed: inject it again", fault.ID()))
	}
	return http.StatusOK, stateOf(fault)
}

func (f *Fault) leaseTime() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.leased
}
