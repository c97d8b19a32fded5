package suite

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"k6suite/extension/chaos/kafkaproxy"
)

const (
	// keptEvents is how many events can be asked for over HTTP.
	keptEvents = 10_000
)

type kafkaProxyFlags struct {
	options   kafkaproxy.Options
	control   string
	cert, key string
	brokerTLS bool
	brokerCA  string
	rules     []string
	events    string
}

func newKafkaProxyCommand() *cobra.Command {
	var f kafkaProxyFlags
	cmd := &cobra.Command{
		Use:   "kafkaproxy",
		Short: "Stand between Kafka clients and a cluster, and lose, delay, double or refuse messages, until it is interrupted",
		Long: `Stand between Kafka clients and a cluster: each broker gets an address of the proxy, or the whole cluster gets one, and what the
protocol says of brokers is rewritten, so that all traffic passes. Rules make messages be lost, delayed, doubled, refused or spoilt.

Rules come with --rule, and over HTTP at the control's address: POST /rules (the body is a rule), GET /rules, GET /rules/ID,
DELETE /rules/ID, GET /traffic, GET /events.

  --rule '{"api": "Produce", "topic": "orders-*", "action": "drop", "times": 3}'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.serve(cmd) },
	}
	flags, o := cmd.Flags(), &f.options
	flags.StringSliceVar(&o.Brokers, "brokers", nil, "addresses of the cluster, host:port")
	flags.BoolVar(&o.SingleEndpoint, "single-endpoint", false, "put the whole cluster behind one address")
	flags.StringVar(&o.Listen, "listen", "127.0.0.1:0", "where to listen; further brokers take the ports behind it")
	flags.StringVar(&o.Advertise, "advertise", "", "host that clients are told (default: that of --listen)")
	flags.StringVar(&f.control, "control", "127.0.0.1:0", `where rules can be commanded over HTTP; "" for nowhere`)
	flags.StringVar(&f.cert, "tls-cert", "", "PEM file of the certificate that clients see: the proxy ends their TLS")
	flags.StringVar(&f.key, "tls-key", "", "PEM file of its key")
	flags.BoolVar(&f.brokerTLS, "broker-tls", false, "speak TLS to the brokers")
	flags.StringVar(&f.brokerCA, "broker-ca", "", "PEM file of who signs the brokers' certificates (default: who the system trusts)")
	flags.BoolVar(&o.Passthrough, "passthrough", false, "pass bytes on as they are, without rules; brokers must advertise the proxy")
	flags.StringArrayVar(&f.rules, "rule", nil, "rule in JSON, from the start on; may be given several times")
	flags.StringVar(&f.events, "events", "", "file that gets what passes, as lines of JSON; its last events are at GET /events, too")
	return cmd
}

func (f *kafkaProxyFlags) serve(cmd *cobra.Command) error {
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	out := cmd.OutOrStdout()
	proxy, err := f.start(ctx, cmd.ErrOrStderr())
	if err != nil {
		return couldNotRun("starting the proxy: %v", err)
	}
	err = standing{
		proxy: proxy, where: "bootstrap    " + strings.Join(proxy.Addresses(), ","),
		control: kafkaproxy.Control(proxy), address: f.control,
		report: func(out io.Writer) {
			for _, fault := range proxy.AllFaults() {
				printRule(out, fault.ID(), fault.Hits(), fault.Records(), "records", fault.Rule())
			}
		},
	}.run(ctx, out)
	if err != nil {
		return couldNotRun("%v", err)
	}
	fmt.Fprintln(out, "stopped")
	return nil
}

// start starts the proxy with the rules of the command line at work.
func (f *kafkaProxyFlags) start(ctx context.Context, log io.Writer) (*kafkaproxy.Proxy, error) {
	options := f.options
	options.Logger = slog.New(slog.NewTextHandler(log, nil))
	if f.events != "" {
		options.Events = kafkaproxy.EventOptions{File: f.events, Memory: keptEvents}
	}
	if err := f.secure(&options); err != nil {
		return nil, err
	}
	rules := make([]kafkaproxy.Rule, 0, len(f.rules))
	for _, spec := range f.rules {
		rule, err := kafkaproxy.ParseRule([]byte(spec))
		if err != nil {
			return nil, fmt.Errorf("--rule %s: %w", spec, err)
		}
		rules = append(rules, rule)
	}
	proxy, err := kafkaproxy.Start(ctx, options)
	if err != nil {
		return nil, err
	}
	for _, rule := range rules {
		if _, err := proxy.Inject(rule); err != nil {
			return nil, errors.Join(err, proxy.Close())
		}
	}
	return proxy, nil
}

// secure reads certificates.
func (f *kafkaProxyFlags) secure(options *kafkaproxy.Options) error {
	if (f.cert == "") != (f.key == "") {
		return errors.New("--tls-cert and --tls-key go together: give both, or none")
	}
	if f.cert != "" {
		pair, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return fmt.Errorf("--tls-cert and --tls-key: %w", err)
		}
		options.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	if !f.brokerTLS {
		if f.brokerCA != "" {
			return errors.New("--broker-ca needs --broker-tls")
		}
		return nil
	}
	options.BrokerTLS = &tls.Config{MinVersion: tls.VersionTLS12}
	if f.brokerCA == "" {
		return nil
	}
	text, err := os.ReadFile(f.brokerCA)
	if err != nil {
		return fmt.Errorf("--broker-ca: %w", err)
	}
	options.BrokerTLS.RootCAs = x509.NewCertPool()
	if !options.BrokerTLS.RootCAs.AppendCertsFromPEM(text) {
		return fmt.Errorf("--broker-ca: %s holds no certificate in PEM", f.brokerCA)
	}
	return nil
}
