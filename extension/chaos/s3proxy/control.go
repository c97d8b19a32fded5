package s3proxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// maxRuleBytes bounds what a request may send.
	maxRuleBytes = 1 << 20
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
	routes := map[string]map[string]answerer{
		"/rules":            {http.MethodPost: c.inject, http.MethodGet: c.list},
		"/rules/{id}":       {http.MethodGet: c.show, http.MethodDelete: c.stop},
		"/rules/{id}/renew": {http.MethodPost: c.renew},
		"/log":              {http.MethodGet: c.log},
		"/counts":           {http.MethodGet: c.counts},
		"/overwritten":      {http.MethodGet: c.overwritten},
	}
	mux := http.NewServeMux()
	for path, methods := range routes {
		mux.Handle(path, byMethod(methods))
	}
	mux.Handle("/", answerer(func(r *http.Request) (int, any) {
		paths := strings.Join(slices.Sorted(maps.Keys(routes)), ", ")
		return refused(http.StatusNotFound, fmt.Errorf("%s: there are %s", r.URL.Path, paths))
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := foreign(r); err != nil {
			respond(w, http.StatusForbidden, problem{err.Error()})
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// answerer answers a request with a status and something to encode.
type answerer func(r *http.Request) (status int, body any)

func (a answerer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, body := a(r)
	respond(w, status, body)
}

func respond(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":"the answer cannot be encoded"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}

type problem struct {
	Error string `json:"error"`
}

func refused(status int, err error) (int, any) { return status, problem{err.Error()} }

func byMethod(methods map[string]answerer) answerer {
	return func(r *http.Request) (int, any) {
		if do := methods[r.Method]; do != nil {
			return do(r)
		}
		allowed := strings.Join(slices.Sorted(maps.Keys(methods)), " and ")
		return refused(http.StatusMethodNotAllowed, fmt.Errorf("%s %s: allowed are %s", r.Method, r.URL.Path, allowed))
	}
}

// foreign says what is wrong with a request that a page from elsewhere may have made.
func foreign(r *http.Request) error {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok || !local.IP.IsLoopback() {
		return nil
	}
	if !namesLoopback((&url.URL{Host: r.Host}).Hostname()) {
		return fmt.Errorf("host %q: on loopback, only names of loopback are answered", r.Host)
	}
	for _, origin := range r.Header.Values("Origin") {
		page, err := url.Parse(origin)
		if err != nil || !namesLoopback(page.Hostname()) {
			return fmt.Errorf("origin %q: on loopback, only pages from loopback are answered", origin)
		}
	}
	return nil
}

func namesLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
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
	active := true
	select {
	case <-f.Done():
		active = false
	default:
	}
	objects := f.Objects()
	if objects == nil {
		objects = []string{}
	}
	return faultState{
		ID: f.ID(), Spec: f.Rule(), Hits: f.Hits(), Bytes: f.Bytes(), Objects: objects, Active: active, Began: f.Began(), Ended: f.Ended(),
	}
}

func (c control) inject(r *http.Request) (int, any) {
	lease, err := duration(r, "lease")
	if err != nil {
		return refused(http.StatusBadRequest, err)
	}
	spec, err := io.ReadAll(io.LimitReader(r.Body, maxRuleBytes+1))
	if err == nil && len(spec) > maxRuleBytes {
		err = fmt.Errorf("a rule of more than %d bytes", maxRuleBytes)
	}
	if err != nil {
		return refused(http.StatusBadRequest, err)
	}
	rule, err := ParseRule(spec)
	if err != nil {
		return refused(http.StatusBadRequest, err)
	}
	fault, err := c.proxy.Inject(rule)
	if err != nil {
		return refused(http.StatusBadRequest, err)
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
		return refused(http.StatusNotFound, err)
	}
	return c.waited(r, fault)
}

// waited answers with the state of a fault, after what the request wants to wait for.
func (c control) waited(r *http.Request, fault *Fault) (int, any) {
	wait, err := duration(r, "wait")
	if err != nil {
		return refused(http.StatusBadRequest, err)
	}
	hits, err := number(r, "hits", 1<<62)
	if err != nil {
		return refused(http.StatusBadRequest, err)
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
		return refused(http.StatusNotFound, err)
	}
	lease, err := duration(r, "lease")
	if err != nil {
		return refused(http.StatusBadRequest, err)
	}
	if lease == 0 {
		return refused(http.StatusBadRequest, errors.New("lease: say for how long, such as ?lease=10s"))
	}
	if err := fault.Renew(lease); err != nil {
		return refused(http.StatusGone, err)
	}
	return c.waited(r, fault)
}

func (c control) stop(r *http.Request) (int, any) {
	fault, err := c.fault(r)
	if err != nil {
		return refused(http.StatusNotFound, err)
	}
	fault.Stop()
	return http.StatusOK, stateOf(fault)
}

// fault finds the one that a path names.
func (c control) fault(r *http.Request) (*Fault, error) {
	all := c.proxy.AllFaults()
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err == nil && id >= 1 && id <= int64(len(all)) {
		return all[id-1], nil
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no rule %q: none was injected", r.PathValue("id"))
	}
	return nil, fmt.Errorf("no rule %q: there are 1 to %d", r.PathValue("id"), len(all))
}

// logPage is a part of the log.
type logPage struct {
	Next    int64   `json:"next"`
	Entries []Entry `json:"entries"`
}

func (c control) log(r *http.Request) (int, any) {
	since, err := number(r, "since", 0)
	if err != nil {
		return refused(http.StatusBadRequest, err)
	}
	limit, err := number(r, "limit", maxPage)
	if err != nil {
		return refused(http.StatusBadRequest, err)
	}
	var page logPage
	page.Entries, page.Next = c.proxy.log.page(since, min(limit, maxPage))
	return http.StatusOK, page
}

// countState is what is said of requests that are counted together.
type countState struct {
	Operation Operation `json:"operation"`
	Status    int       `json:"status"`
	Count     int64     `json:"count"`
}

func (c control) counts(*http.Request) (int, any) {
	states := []countState{}
	for what, n := range c.proxy.log.Counts() {
		states = append(states, countState{what.Operation, what.Status, n})
	}
	slices.SortFunc(states, func(a, b countState) int {
		if a.Operation != b.Operation {
			return strings.Compare(string(a.Operation), string(b.Operation))
		}
		return a.Status - b.Status
	})
	return http.StatusOK, states
}

func (c control) overwritten(*http.Request) (int, any) {
	return http.StatusOK, append([]Overwrite{}, c.proxy.log.Overwritten()...)
}

// duration reads a parameter of the query, 0 if it is not there.
func duration(r *http.Request, name string) (time.Duration, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%s %q: want a duration such as 10s", name, text)
	}
	return d, nil
}

func number(r *http.Request, name string, otherwise int64) (int64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s %q: want a whole number, at least 0", name, text)
	}
	return n, nil
}
