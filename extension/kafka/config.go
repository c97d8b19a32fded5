package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"
)

const (
	defaultClientID       = "k6suite"
	defaultDialTimeout    = 5 * time.Second
	connIdle              = 9 * time.Minute // connections.max.idle.ms of Java's clients
	defaultRequestTimeout = 10 * time.Second
	metadataMinAge        = 250 * time.Millisecond
	fetchMaxWait          = 500 * time.Millisecond
)

// DialFunc opens a connection to a broker. It has the shape of [net.Dialer.DialContext].
type DialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// Config says how a cluster is reached. The zero value of everything but Brokers is usable.
type Config struct {
	Brokers        []string      // bootstrap addresses, "host:port"; at least one (bootstrap.servers)
	ClientID       string        // client.id; default "k6suite"
	TLS            *TLS          // nil: plain text
	SASL           *SASL         // nil: no authentication
	MaxVersion     string        // highest Kafka version to speak, such as "2.8"; default: the newest that both sides know
	DialTimeout    time.Duration // one attempt to connect, TLS handshake included; default 5s
	RequestTimeout time.Duration // wait for an answer, beyond what the request itself allows the broker; default 10s
	Dialer         DialFunc      // default: net.Dialer. TLS is put on top of what it returns
	// Secured is told of each connection whose TLS handshake succeeded; it must not block.
	Secured func(address string, state tls.ConnectionState)
	// Refused is told of each certificate that this client refused, and why; it must not block.
	Refused func(address, why string)
	Hooks   []kgo.Hook // franz-go hooks of every client made from this configuration; they must not block
}

// Check says what is wrong with the configuration, as far as that can be told without reading anything.
func (c Config) Check() error {
	if len(c.Brokers) == 0 {
		return errors.New("kafka: no brokers: name at least one address as host:port")
	}
	for _, addr := range c.Brokers {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return fmt.Errorf("kafka: broker %q: want host:port: %w", addr, err)
		}
	}
	if c.MaxVersion != "" && kversion.FromString("v"+c.MaxVersion) == nil {
		return fmt.Errorf("kafka: maxVersion %q: unknown; give a Kafka version such as \"2.8\" or \"3.9\"", c.MaxVersion)
	}
	return nil
}

// Options gives the franz-go options that every client of this configuration shares, so that others can build clients
// of their own with the same view of the cluster. It reads certificates and passwords, and names what is wrong.
func (c Config) Options() ([]kgo.Opt, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	dial, err := c.dialer()
	if err != nil {
		return nil, err
	}
	opts := []kgo.Opt{
		kgo.SeedBrokers(c.Brokers...),
		kgo.ClientID(orDefault(c.ClientID, defaultClientID)),
		kgo.Dialer(dial),
		kgo.RequestTimeoutOverhead(orDefault(c.RequestTimeout, defaultRequestTimeout)),
		// A cluster under test changes its shape on purpose: learn it soon.
		kgo.MetadataMinAge(metadataMinAge),
		// What a client closes and opens again by itself could not be told from what a cluster has it do.
		kgo.ConnIdleTimeout(connIdle),
		// KIP-714 pushes the client's own statistics to the broker, traffic that no scenario asked for.
		kgo.DisableClientMetrics(),
	}
	if c.SASL != nil {
		mechanism, err := c.SASL.mechanism()
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.SASL(mechanism))
	}
	if c.MaxVersion != "" {
		opts = append(opts, kgo.MaxVersions(kversion.FromString("v"+c.MaxVersion)))
	}
	if len(c.Hooks) > 0 {
		opts = append(opts, kgo.WithHooks(c.Hooks...))
	}
	return opts, nil
}

// FetchOptions are what a consuming client adds to [Config.Options]: short waits, so that a reader notices at once when a
// log ends or a broker changes (fetch.max.wait.ms 500), and fetch errors kept even where the client would retry.
func FetchOptions() []kgo.Opt {
	return []kgo.Opt{kgo.FetchMaxWait(fetchMaxWait), kgo.KeepRetryableFetchErrors()}
}

func (c Config) dialer() (func(context.Context, string, string) (net.Conn, error), error) {
	timeout := orDefault(c.DialTimeout, defaultDialTimeout)
	dial := c.Dialer
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	if c.TLS != nil {
		secured, err := c.TLS.over(dial, c.Secured, c.Refused)
		if err != nil {
			return nil, err
		}
		dial = secured
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return dial(ctx, network, addr)
	}, nil
}

func orDefault[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}
