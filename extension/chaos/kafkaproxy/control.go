package kafkaproxy

import (
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
)

// maxRuleBytes bounds what a request may send.
const maxRuleBytes = 1 << 20

// Control lets a proxy be commanded over HTTP, in JSON:
//
//	POST   /rules             injects a rule, the body; 201 and the fault. With ?lease=10s it ends after that, unless it is renewed
//	GET    /rules             all faults there have been: [{"id", "spec", "hits", "records", "active", "lease"}]
//	GET    /rules/{id}        one of them
//	POST   /rules/{id}/renew  has it last for another lease: that of ?lease=10s, or the one that it has
//	DELETE /rules/{id}        stops it, waits until it acts on nothing any more, and answers with what it has hit
//	GET    /traffic           what the clients had to do with each broker: [{"broker", "address", "live", "connections", "requests"}]
//	GET    /events            the events that are kept in memory, as Proxy.Events
//
// Errors are {"error": "…"} with status 400, 403, 404, 405, or 410 for what has ended. Where it is served on loopback, it answers only
// requests that were made to a name of loopback, and by no foreign page: else any page in a browser of this machine could command the
// proxy (DNS rebinding).
func Control(p *Proxy) http.Handler {
	c := control{proxy: p}
	routes := map[string]map[string]answerer{
		"/rules":            {http.MethodPost: c.inject, http.MethodGet: c.list},
		"/rules/{id}":       {http.MethodGet: c.show, http.MethodDelete: c.stop},
		"/rules/{id}/renew": {http.MethodPost: c.renew},
		"/traffic":          {http.MethodGet: c.traffic},
		"/events":           {http.MethodGet: c.events},
	}
	mux := http.NewServeMux()
	for path, methods := range routes {
		mux.Handle(path, byMethod(methods))
	}
	mux.Handle("/", answerer(func(r *http.Request) (int, any) {
		return refused(http.StatusNotFound, fmt.Errorf("%s: there are /rules, /rules/{id}, /rules/{id}/renew, /traffic and /events", r.URL.Path))
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := foreign(r); err != nil {
			write(w, http.StatusForbidden, problem{err.Error()})
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// answerer answers a request with a status and something to encode.
type answerer func(r *http.Request) (status int, body any)

func (a answerer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, body := a(r)
	write(w, status, body)
}

func write(w http.ResponseWriter, status int, body any) {
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
	ID      int64  `json:"id"`
	Spec    Rule   `json:"spec"`
	Hits    int64  `json:"hits"`
	Records int64  `json:"records"`
	Active  bool   `json:"active"`
	Lease   string `json:"lease,omitempty"`
}

func stateOf(f *Fault) faultState {
	active := true
	select {
	case <-f.Done():
		active = false
	default:
	}
	state := faultState{ID: f.ID(), Spec: f.Rule(), Hits: f.Hits(), Records: f.Records(), Active: active}
	if lease := f.leaseTime(); lease > 0 {
		state.Lease = lease.String()
	}
	return state
}

func (c control) inject(r *http.Request) (int, any) {
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
	lease, err := leaseOf(r)
	if err != nil {
		return refused(http.StatusBadRequest, err)
	}
	fault, err := c.proxy.Inject(rule)
	if err != nil {
		return refused(http.StatusBadRequest, err)
	}
	if lease > 0 {
		fault.Lease(lease)
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
	return http.StatusOK, stateOf(fault)
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

// brokerState is what is said of a broker.
type brokerState struct {
	Broker      int32  `json:"broker"`
	Address     string `json:"address"`
	Live        bool   `json:"live"`
	Connections int64  `json:"connections"`
	Requests    int64  `json:"requests"`
}

func (c control) traffic(*http.Request) (int, any) {
	states := []brokerState{}
	traffic := c.proxy.Traffic()
	for _, node := range slices.Sorted(maps.Keys(traffic)) {
		t := traffic[node]
		states = append(states, brokerState{node, t.Address, t.Live, t.Connections, t.Requests})
	}
	return http.StatusOK, states
}

func (c control) events(*http.Request) (int, any) {
	if c.proxy.options.Events.Memory == 0 {
		return refused(http.StatusNotFound, errors.New("no events are kept in memory: start the proxy with them"))
	}
	events := c.proxy.Events()
	if events == nil {
		events = []Event{}
	}
	return http.StatusOK, events
}
