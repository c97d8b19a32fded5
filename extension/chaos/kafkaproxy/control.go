package kafkaproxy

import (
	"errors"
	"maps"
	"net/http"
	"slices"

	"k6suite/extension/internal/httpcontrol"
)

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
	return httpcontrol.Handler(httpcontrol.Routes{
		"/rules":            {http.MethodPost: c.inject, http.MethodGet: c.list},
		"/rules/{id}":       {http.MethodGet: c.show, http.MethodDelete: c.stop},
		"/rules/{id}/renew": {http.MethodPost: c.renew},
		"/traffic":          {http.MethodGet: c.traffic},
		"/events":           {http.MethodGet: c.events},
	}, "/rules, /rules/{id}, /rules/{id}/renew, /traffic and /events")
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
	state := faultState{ID: f.ID(), Spec: f.Rule(), Hits: f.Hits(), Records: f.Records(), Active: httpcontrol.Active(f.Done())}
	if lease := f.leaseTime(); lease > 0 {
		state.Lease = lease.String()
	}
	return state
}

func (c control) inject(r *http.Request) (int, any) {
	spec, err := httpcontrol.Rule(r)
	if err != nil {
		return httpcontrol.Refused(http.StatusBadRequest, err)
	}
	rule, err := ParseRule(spec)
	if err != nil {
		return httpcontrol.Refused(http.StatusBadRequest, err)
	}
	lease, err := leaseOf(r)
	if err != nil {
		return httpcontrol.Refused(http.StatusBadRequest, err)
	}
	fault, err := c.proxy.Inject(rule)
	if err != nil {
		return httpcontrol.Refused(http.StatusBadRequest, err)
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
		return httpcontrol.Refused(http.StatusNotFound, err)
	}
	return http.StatusOK, stateOf(fault)
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
		return httpcontrol.Refused(http.StatusNotFound, errors.New("no events are kept in memory: start the proxy with them"))
	}
	events := c.proxy.Events()
	if events == nil {
		events = []Event{}
	}
	return http.StatusOK, events
}
