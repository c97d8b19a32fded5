package kafkaproxy_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/chaos/kafkaproxy"
)

// advertised is a listener that says that it is somewhere else, as advertised.listeners has a broker do.
type advertised struct {
	net.Listener

	addr net.Addr
}

func (a advertised) Addr() net.Addr { return a.addr }

func TestPassthroughRelaysTLSUntouched(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	log := newLogbook()
	p := start(t, kafkaproxy.Options{Brokers: []string{listener.Addr().String()}, Passthrough: true, Logger: slog.New(log)})
	addr, err := net.ResolveTCPAddr("tcp", p.Addresses()[0])
	require.NoError(t, err)
	server, trusting := identity(t)
	fake(t, kfake.NumBrokers(1), kfake.SeedTopics(3, "t"), kfake.ListenFn(func(_, _ string) (net.Listener, error) {
		return tls.NewListener(advertised{listener, addr}, server), nil
	}))
	requireRoundTrip(t, p.Addresses(), kgo.DialTLSConfig(trusting))
	require.NoError(t, p.Close())
	require.Empty(t, log.lines)
}

func TestPassthroughChangesNoByte(t *testing.T) {
	t.Parallel()
	broker := puppet(t, func(conn net.Conn) { _, _ = io.Copy(conn, conn) })
	p := start(t, kafkaproxy.Options{Brokers: []string{broker}, Passthrough: true})
	conn := dialRaw(t, p.Addresses()[0])
	sent := bytes.Repeat([]byte("\xff\xff\xff\xff this is no Kafka "), 10_000)
	go func() {
		_, _ = conn.Write(sent)
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	got, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.True(t, bytes.Equal(sent, got))
}

func TestPassthroughNamesABrokerThatIsDown(t *testing.T) {
	t.Parallel()
	down := downAddress(t)
	log := newLogbook()
	p := start(t, kafkaproxy.Options{Brokers: []string{down}, Passthrough: true, Logger: slog.New(log)})
	conn := dialRaw(t, p.Addresses()[0])
	requireEnd(t, conn)
	log.requireOne(t, conn.LocalAddr(), down)
}

func TestPassthroughTakesNoRules(t *testing.T) {
	t.Parallel()
	p := start(t, kafkaproxy.Options{Brokers: []string{downAddress(t)}, Passthrough: true})
	_, err := p.Inject(kafkaproxy.Rule{Action: kafkaproxy.Disconnect})
	require.ErrorContains(t, err, "passthrough")
}

func TestPassthroughRefusesWhatNeedsDecoding(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]kafkaproxy.Options{
		"single endpoint": {SingleEndpoint: true},
		"TLS":             {TLS: &tls.Config{MinVersion: tls.VersionTLS12}},
		"events":          {Events: kafkaproxy.EventOptions{Memory: 1}},
		"not decrypted":   {BrokerTLS: &tls.Config{MinVersion: tls.VersionTLS12}},
	} {
		o.Brokers, o.Passthrough = []string{"127.0.0.1:1"}, true
		_, err := kafkaproxy.Start(t.Context(), o)
		require.ErrorContains(t, err, want)
	}
}
