// Package httpcontrol is what the controls of the proxies have in common: commands over HTTP, answered in JSON.
package httpcontrol

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Answerer answers a request with a status and something to encode.
type Answerer func(r *http.Request) (status int, body any)

// Routes are the answerers by path, as http.ServeMux has it, and by method.
type Routes map[string]map[string]Answerer

// Handler serves the routes; there lists them for who asks for something else. Errors are {"error": "…"}, with status 403 for what
// foreign refuses, 404 and 405. Where it is served on loopback, it answers only requests that were made to a name of loopback, and by no
// foreign page: else any page in a browser of this machine could command a proxy (DNS rebinding).
func Handler(routes Routes, there string) http.Handler {
	mux := http.NewServeMux()
	for path, methods := range routes {
		mux.Handle(path, byMethod(methods))
	}
	mux.Handle("/", Answerer(func(r *http.Request) (int, any) {
		return Refused(http.StatusNotFound, fmt.Errorf("%s: there are %s", r.URL.Path, there))
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := foreign(r); err != nil {
			respond(w, http.StatusForbidden, Problem{err.Error()})
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// ServeHTTP implements http.Handler.
func (a Answerer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, body := a(r)
	respond(w, status, body)
}

// Refused is the answer to a request that something is wrong with.
func Refused(status int, err error) (int, any) { return status, Problem{err.Error()} }

// Problem is the body of an answer that refuses something.
type Problem struct {
	Error string `json:"error"`
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

func byMethod(methods map[string]Answerer) Answerer {
	return func(r *http.Request) (int, any) {
		if do := methods[r.Method]; do != nil {
			return do(r)
		}
		allowed := strings.Join(slices.Sorted(maps.Keys(methods)), " and ")
		return Refused(http.StatusMethodNotAllowed, fmt.Errorf("%s %s: allowed are %s", r.Method, r.URL.Path, allowed))
	}
}
