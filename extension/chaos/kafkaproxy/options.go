package kafkaproxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// DialFunc opens a connection, as net.Dialer.DialContext does.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Options describe a proxy.
type Options struct {
	// Brokers are bootstrap addresses of the cluster, "host:port". At least one.
	Brokers []string
	// SingleEndpoint puts the whole cluster behind one address. Default: false, one listener for each broker.
	SingleEndpoint bool
	// Listen is where the proxy listens. With a port other than 0, the listeners of further brokers take the ports behind it.
	// Default: "127.0.0.1:0", free ports on loopback.
	Listen string
	// Advertise is the host that clients are told. Default: the host of Listen.
	Advertise string
	// TLS ends the TLS of clients, by its certificates. Default: clients speak plain text.
	TLS *tls.Config
	// BrokerTLS has the proxy speak TLS to brokers. Without ServerName it is the host that is dialled. Default: plain text.
	BrokerTLS *tls.Config
	// Passthrough relays bytes as they are, TLS included, and decodes nothing. Mirror mode only, and without rules. The addresses that
	// the brokers advertise must then lead through the proxy by themselves: listeners are in the order of Brokers. Default: false.
	Passthrough bool
	// Dial opens connections to brokers. Default: net.Dialer.
	Dial DialFunc
	// Shown sees, and may change, each response that tells a client of brokers (Metadata, DescribeCluster) just before the client
	// gets it. Calls come from many goroutines. Default: nobody looks.
	Shown func(response kmsg.Response)
	// Admit says whether a client is let in while so many others are; one that is not is reset. Default: all are.
	Admit func(open int) bool
	// Keep says whether the connection of a client that has gone is kept open all the same, until the proxy ends. Default: none is.
	Keep func() bool
	// FrameTimeout is how long a client that has sent a part of a request may be silent before its connection is ended. One that is
	// between two requests may be silent for ever. Default: 30 s.
	FrameTimeout time.Duration
	// Silence is how long a broker behind a single endpoint may leave a request unanswered before others are asked who leads and
	// coordinates by now. What is answered late on purpose, a fetch that waits or a JoinGroup, has its own time besides.
	// Default: 500 ms.
	Silence time.Duration
	// GiveUp is how long a broker behind a single endpoint may be silent about what was sent to it and is led or coordinated elsewhere
	// by now, before its connection is given up: then clients hear that the network broke, as when a broker dies. It is also how long a
	// request waits while no broker at all can be reached. Default: 5 s.
	GiveUp time.Duration
	// Events are kept of what passes. Default: none.
	Events EventOptions
	// Logger gets what goes wrong with connections. Default: nothing is logged.
	Logger *slog.Logger
}

const (
	defaultListen       = "127.0.0.1:0"
	defaultFrameTimeout = 30 * time.Second
	defaultSilence      = 500 * time.Millisecond
	defaultGiveUp       = 5 * time.Second
)

func (o Options) withDefaults() (Options, error) {
	if o.Listen == "" {
		o.Listen = defaultListen
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	if o.FrameTimeout == 0 {
		o.FrameTimeout = defaultFrameTimeout
	}
	if o.Silence == 0 {
		o.Silence = defaultSilence
	}
	if o.GiveUp == 0 {
		o.GiveUp = defaultGiveUp
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.FrameTimeout < 0 {
		return o, fmt.Errorf("kafka proxy: frame timeout of %s: must not be negative", o.FrameTimeout)
	}
	if o.Silence < 0 || o.GiveUp < 0 {
		return o, fmt.Errorf("kafka proxy: silence of %s, giving up after %s: must not be negative", o.Silence, o.GiveUp)
	}
	if err := o.checkPassthrough(); err != nil {
		return o, err
	}
	if len(o.Brokers) == 0 {
		return o, errors.New("kafka proxy: no brokers: name at least one address of the cluster")
	}
	for _, broker := range o.Brokers {
		if _, _, err := net.SplitHostPort(broker); err != nil {
			return o, fmt.Errorf("kafka proxy: broker %q: want host:port: %w", broker, err)
		}
	}
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return o, fmt.Errorf("kafka proxy: listen address %q: want host:port: %w", o.Listen, err)
	}
	if o.Advertise == "" {
		o.Advertise = host
	}
	return o, nil
}
