package main

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/objectstore"
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

// What a server has answered with a no it will answer again.
func TestAServerWithoutVersionsWillNeverBeReady(t *testing.T) {
	server, err := objectstore.Serve(objectstore.ServeOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	t.Setenv("AWS_ACCESS_KEY_ID", "any")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "any")
	address := strings.TrimPrefix(server.URL(), "http://")
	require.ErrorContains(t, run(time.Minute, []string{address, "bucket"}), "having bucket bucket keep versions")
	require.ErrorContains(t, run(time.Minute, []string{address, "no bucket"}), "Bucket name contains invalid characters")
}
