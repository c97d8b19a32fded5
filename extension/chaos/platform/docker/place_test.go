package docker_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos/platform"
	"k6suite/extension/chaos/platform/docker"
)

// twoPorts are free ports of which one follows the other, below those that connections get by chance. Somebody listens at the second.
func twoPorts(t *testing.T) (int, net.Listener) {
	t.Helper()
	for {
		port := 15000 + rand.IntN(10000)
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", loopback(port))
		if err != nil {
			continue
		}
		require.NoError(t, l.Close())
		l, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", loopback(port+1))
		if err == nil {
			t.Cleanup(func() { _ = l.Close() })
			return port, l
		}
	}
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func onHostNetwork(n int, address string) *fakeContainer {
	c := ofService(n, map[string]string{docker.LabelAddress: address})
	c.address, c.network, c.ports, c.env = address, "host", nil, []string{"K6SUITE_BROKER_ADDRESS=" + address, "HOME=/"}
	return c
}

func TestACopyOnTheHostsNetworkGetsAPortOfItsOwn(t *testing.T) {
	t.Parallel()
	port, _ := twoPorts(t)
	f := newFake(t, onHostNetwork(1, loopback(port)))
	p, _ := open(t, service(f))
	for id := int32(2); id <= 3; id++ {
		got, err := p.Add(t.Context())
		require.NoError(t, err)
		require.Equal(t, id, got)
	}
	all, err := p.Brokers(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 3)
	require.Equal(t, loopback(port), all[0].Address)
	last := port + 1 // which is taken
	for _, b := range all[1:] {
		_, text, err := net.SplitHostPort(b.Address)
		require.NoError(t, err)
		at, err := strconv.Atoi(text)
		require.NoError(t, err)
		require.Greater(t, at, last)
		last = at
		made := f.find(fmt.Sprintf("p-broker-%d", b.ID))
		require.Equal(t, b.Address, made.labels[docker.LabelAddress])
		require.Equal(t, []string{"HOME=/", fmt.Sprintf("K6SUITE_BROKER_ID=%d", b.ID), "K6SUITE_BROKER_ADDRESS=" + b.Address}, made.env)
	}
	require.NoError(t, p.Kill(t.Context(), 2))
	require.NoError(t, p.Start(t.Context(), 2))
	require.NoError(t, p.Remove(t.Context(), 3))
	require.Equal(t, map[int32]platform.State{1: platform.Running, 2: platform.Running}, states(t, p))
}

func TestACopyOnTheHostsNetworkOfWhoIsNowhere(t *testing.T) {
	t.Parallel()
	for text, address := range map[string]string{
		`label k6suite.broker.address="127.0.0.1": address 127.0.0.1: missing port in address`: "127.0.0.1",
		`port "kafka" of "127.0.0.1:kafka" is no number`:                                       "127.0.0.1:kafka",
	} {
		port, _ := twoPorts(t)
		f := newFake(t, onHostNetwork(1, loopback(port)))
		p, _ := open(t, service(f))
		f.does("p-broker-1", func(c *fakeContainer) { c.labels[docker.LabelAddress] = address })
		_, err := p.Add(t.Context())
		require.ErrorContains(t, err, "container p-broker-1: "+text)
		require.Equal(t, map[int32]platform.State{1: platform.Running}, states(t, p))
	}
}
