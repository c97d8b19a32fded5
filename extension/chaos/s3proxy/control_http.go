package s3proxy

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

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
