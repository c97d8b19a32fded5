package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNotReady(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	err = run(300*time.Millisecond, []string{listener.Addr().String(), "bucket"})
	require.ErrorContains(t, err, "is not ready within 300ms")
	require.ErrorContains(t, run(time.Second, nil), "give the server as host:port, and the name of the bucket")
}

// server is one that has no bucket yet, and answers with a status to who wants one that keeps versions.
func server(t *testing.T, status int) (address string, asked *[]string) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "any")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "any")
	asked = &[]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.Method+" "+r.URL.RequestURI())
		switch {
		case r.URL.Query().Has("versioning"):
			w.WriteHeader(status)
		case r.Method == http.MethodHead:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://"), asked
}

func TestReady(t *testing.T) {
	address, asked := server(t, http.StatusOK)
	require.NoError(t, run(time.Minute, []string{address, "bucket"}))
	require.Equal(t, []string{"HEAD /bucket/", "PUT /bucket/", "PUT /bucket/?versioning="}, *asked)
}

// What a server has answered with a no it will answer again.
func TestAServerWithoutVersionsWillNeverBeReady(t *testing.T) {
	address, _ := server(t, http.StatusForbidden)
	require.ErrorContains(t, run(time.Minute, []string{address, "bucket"}), "having bucket bucket keep versions")
	require.ErrorContains(t, run(time.Minute, []string{address, "no bucket"}), "Bucket name contains invalid characters")
}
