package httpcontrol

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
)

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
