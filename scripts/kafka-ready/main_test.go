package main

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
)

func TestReady(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(3))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	require.NoError(t, run(5*time.Second, 3, cluster.ListenAddrs()))
	require.ErrorContains(t, run(300*time.Millisecond, 4, cluster.ListenAddrs()), "metadata shows 3 nodes: want 4")
}

func TestNotReady(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	require.ErrorContains(t, run(300*time.Millisecond, 1, []string{listener.Addr().String()}), "is not ready after 300ms")
	require.ErrorContains(t, run(time.Second, 1, nil), "no broker given")
}
