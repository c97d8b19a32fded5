package s3proxy

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"k6suite/extension/internal/httpcontrol"
)

const (
	// maxPage is how many requests of the log an answer holds at most, and if nobody says.
	maxPage = 1000
	// maxWait bounds for how long a request may wait for hits.
	maxWait = time.Minute
)

// Control lets a proxy be commanded over HTTP, in JSON:
//
//	POST   /rules              injects a rule, the body; 201 and the fault. ?lease=10s: the fault ends unless it is renewed in that time
//	GET    /rules              all faults there have been: [{"id", "spec", "hits", "bytes", "objects", "active", "began", "ended"}]
//	GET    /rules/{id}         one of them. ?wait=5s&hits=3: once it has so many hits, or has ended, or so much time has passed
//	POST   /rules/{id}/renew   ?lease=10s: renews it, and answers as GET; ?wait=3s: as there
//	DELETE /rules/{id}         stops it, waits until it acts on nothing any more, and answers with what it has hit
//	GET    /log                {"next", "entries"}: requests as Entry has them. ?since=N leaves out the first N there were, ?limit=N
//	                           has at most so many (default and most: 1,000); next is the since of what follows
//	GET    /counts             requests by operation and status of the upstream: [{"operation", "status", "count"}]
//	GET    /overwritten        objects that were written again with another content, as Overwrite
//
// Errors are {"error": "…"} with status 400, 403, 404, 405, or 410 for a fault that has ended. Where it is served on loopback, it
// answers only requests that were made to a name of loopback, and by no foreign page: else any page in a browser of this machine
// could command the proxy (DNS rebinding).
func Control(p *Proxy) http.Handler {
	c := control{proxy: p}
	routes := httpcontrol.Routes{
		"/rules":            {http.MethodPost: c.inject, http.MethodGet: c.list},
		"/rules/{id}":       {http.MethodGet: c.show, http.MethodDelete: c.stop},
		"/rules/{id}/renew": {http.MethodPost: c.renew},
		"/log":              {http.MethodGet: c.log},
		"/counts":           {http.MethodGet: c.counts},
		"/overwritten":      {http.MethodGet: c.overwritten},
	}
	return httpcontrol.Handler(routes, strings.Join(slices.Sorted(maps.Keys(routes)), ", "))
}

// control answers the requests of Control.
type control struct{ proxy *Proxy }

// faultState is what is said of a fault.
type faultState struct {
	ID      int64     `json:"id"`
	Spec    Rule      `json:"spec"`
	Hits    int64     `json:"hits"`
	Bytes   int64     `json:"bytes"`
	Objects []string  `json:"objects"`
	Active  bool      `json:"active"`
	Began   time.Time `json:"began"`
	Ended   time.Time `json:"ended,omitzero"`
}

func stateOf(f *Fault) faultState {
	objects := f.Objects()
	if objects == nil {
		objects = []string{}
	}
	return faultState{
		ID: f.ID(), Spec: f.Rule(), Hits: f.Hits(), Bytes: f.Bytes(), Objects: objects, Active: httpcontrol.Active(f.Done()),
		Began: f.Began(), Ended: f.Ended(),
	}
}

func (c control) inject(r *http.Request) (int, any) {
	lease, err := duration(r, "lease")
	if err != nil {
		return httpcontrol.Refused(http.StatusBadRequest, err)
	}
	spec, err := httpcontrol.Rule(r)
	if err != nil {
		return httpcontrol.Refused(http.StatusBadRequest, err)
	}
	rule, err := ParseRule(spec)
	if err != nil {
		return httpcontrol.Refused(http.StatusBadRequest, err)
	}
	fault, err := c.proxy.Inject(rule)
	if err != nil {
		return httpcontrol.Refused(http.StatusBadRequest, err)
	}
	if lease > 0 {
		_ = fault.Renew(lease) // one that is over already needs none
	}
	return http.StatusCreated, stateOf(fault)
}

func (c control) list(*http.Request) (int, any) {
	states := []faultState{}
	for _, f := range c.proxy.AllFaults() {
		states = append(states, stateOf(f))
	}
	return http.StatusOK, states
}

func (c control) show(r *http.Request) (int, any) {
	fault, err := c.fault(r)
	if err != nil {
		return httpcontrol.Refused(http.StatusNotFound, err)
	}
	return c.waited(r, fault)
}

// waited answers with the state of a fault, after what the request wants to wait for.
func (c control) waited(r *http.Request, fault *Fault) (int, any) {
	wait, err := duration(r, "wait")
	if err != nil {
		return httpcontrol.Refused(http.StatusBadRequest, err)
	}
	hits, err := number(r, "hits", 1<<62)
	if err != nil {
		return httpcontrol.Refused(http.StatusBadRequest, err)
	}
	ctx, cancel := context.WithTimeout(r.Context(), min(wait, maxWait))
	defer cancel()
	go func() { // the control may be served for longer than the proxy lives
		select {
		case <-c.proxy.ctx.Done():
			cancel()
		case <-ctx.Done():
		}
	}()
	_ = fault.WaitHits(ctx, hits) // the answer says how far it came
	return http.StatusOK, stateOf(fault)
}

func (c control) renew(r *http.Request) (int, any) {
	fault, err := c.fault(r)
	if err != nil {
		return httpcontrol.Refused(http.StatusNotFound, err)
	}
	lease, err := duration(r, "lease")
	if err != nil {
		return httpcontrol.Refused(http.StatusBadRequest, err)
	}
	if lease == 0 {
		return httpcontrol.Refused(http.StatusBadRequest, errors.New("lease: say for how long, such as ?lease=10s"))
	}
	if err := fault.Renew(lease); err != nil {
		return httpcontrol.Refused(http.StatusGone, err)
	}
	return c.waited(r, fault)
}

func (c control) stop(r *http.Request) (int, any) {
	fault, err := c.fault(r)
	if err != nil {
		return httpcontrol.Refused(http.StatusNotFound, err)
	}
	fault.Stop()
	return http.StatusOK, stateOf(fault)
}

// fault finds the one that a path names.
func (c control) fault(r *http.Request) (*Fault, error) {
	return httpcontrol.Fault(r, c.proxy.AllFaults())
}
