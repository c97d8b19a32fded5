package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/require"
)

func login() *credentials.Credentials { return credentials.NewStaticV4("any", "any", "") }

func TestNotReady(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	err = run(300*time.Millisecond, login(), []string{listener.Addr().String(), "bucket"})
	require.ErrorContains(t, err, "is not ready within 300ms")
	require.ErrorContains(t, run(time.Second, login(), nil), "give the server as host:port, and the name of the bucket")
}

// server is one that has no bucket yet, and answers with a status to who wants one that keeps versions.
func server(t *testing.T, status int) (address string, asked *[]string) {
	t.Helper()
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
	t.Parallel()
	address, asked := server(t, http.StatusOK)
	require.NoError(t, run(time.Minute, login(), []string{address, "bucket"}))
	require.Equal(t, []string{"HEAD /bucket/", "PUT /bucket/", "PUT /bucket/?versioning="}, *asked)
}

// What a server has answered with a no it will answer again.
func TestAServerWithoutVersionsWillNeverBeReady(t *testing.T) {
	t.Parallel()
	address, _ := server(t, http.StatusForbidden)
	require.ErrorContains(t, run(time.Minute, login(), []string{address, "bucket"}), "having bucket bucket keep versions")
	require.ErrorContains(t, run(time.Minute, login(), []string{address, "no bucket"}), "Bucket name contains invalid characters")
}
