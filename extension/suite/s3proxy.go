package suite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"k6suite/extension/chaos/s3proxy"
)

type s3ProxyFlags struct {
	options s3proxy.Options
	control string
	rules   []string
	file    string
	log     string
}

func newS3ProxyCommand() *cobra.Command {
	var f s3ProxyFlags
	cmd := &cobra.Command{
		Use:   "s3proxy",
		Short: "Stand between a system and its object storage, and delay, refuse, lose or spoil requests, until it is interrupted",
		Long: `Stand between a system and its object storage (S3, MinIO): whatever has its address for the S3 endpoint passes through it, byte for
byte, so that signatures stay valid. Rules make requests be delayed, refused, lost, late or spoilt.

Rules come with --rule and --rules, and over HTTP at the control's address: POST /rules (the body is a rule; ?lease=10s has it end
unless it is renewed), GET /rules, GET /rules/ID, POST /rules/ID/renew, DELETE /rules/ID, GET /log, GET /counts, GET /overwritten.

  --rule '{"storage": "PutObject", "key": "*/orders/*", "action": "delay", "delay": "200ms", "jitter": "50ms"}'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.serve(cmd) },
	}
	flags, o := cmd.Flags(), &f.options
	flags.StringVar(&o.Upstream, "upstream", "", "URL of the object storage, such as http://127.0.0.1:9000")
	flags.StringVar(&o.Listen, "listen", "127.0.0.1:9001", "where to listen")
	flags.StringVar(&f.control, "control", "127.0.0.1:0", `where rules can be commanded over HTTP; "" for nowhere`)
	flags.StringArrayVar(&f.rules, "rule", nil, "rule in JSON, from the start on; may be given several times")
	flags.StringVar(&f.file, "rules", "", "JSON file with a list of rules, from the start on")
	flags.StringVar(&f.log, "log", "", `file that gets each request as a line of JSON; "-" for the standard output`)
	return cmd
}

func (f *s3ProxyFlags) serve(cmd *cobra.Command) error {
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	out := cmd.OutOrStdout()
	closeLog, err := f.openLog(out)
	if err != nil {
		return couldNotRun("%v", err)
	}
	err = f.run(ctx, out)
	if err = errors.Join(err, closeLog()); err != nil {
		return couldNotRun("%v", err)
	}
	fmt.Fprintln(out, "stopped")
	return nil
}

func (f *s3ProxyFlags) run(ctx context.Context, out io.Writer) error {
	proxy, err := f.start()
	if err != nil {
		return fmt.Errorf("starting the proxy: %w", err)
	}
	return standing{
		proxy: proxy, where: "endpoint     " + proxy.URL(), control: s3proxy.Control(proxy), address: f.control,
		report: func(out io.Writer) {
			for _, fault := range proxy.AllFaults() {
				printRule(out, fault.ID(), fault.Hits(), fault.Bytes(), "bytes", fault.Rule())
			}
		},
	}.run(ctx, out)
}

// start starts the proxy with the rules of the command line at work.
func (f *s3ProxyFlags) start() (*s3proxy.Proxy, error) {
	rules, err := f.readRules()
	if err != nil {
		return nil, err
	}
	proxy, err := s3proxy.Start(f.options)
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

func (f *s3ProxyFlags) readRules() ([]s3proxy.Rule, error) {
	var rules []s3proxy.Rule
	if f.file != "" {
		text, err := os.ReadFile(f.file)
		if err != nil {
			return nil, fmt.Errorf("--rules: %w", err)
		}
		var specs []json.RawMessage
		if err := json.Unmarshal(text, &specs); err != nil {
			return nil, fmt.Errorf("--rules %s: want a list of rules: %w", f.file, err)
		}
		for i, spec := range specs {
			rule, err := s3proxy.ParseRule(spec)
			if err != nil {
				return nil, fmt.Errorf("--rules %s: %d: %w", f.file, i+1, err)
			}
			rules = append(rules, rule)
		}
	}
	for _, spec := range f.rules {
		rule, err := s3proxy.ParseRule([]byte(spec))
		if err != nil {
			return nil, fmt.Errorf("--rule %s: %w", spec, err)
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

// openLog opens what gets the requests.
func (f *s3ProxyFlags) openLog(out io.Writer) (closeLog func() error, err error) {
	switch f.log {
	case "":
		return func() error { return nil }, nil
	case "-":
		f.options.Lines = out
		return func() error { return nil }, nil
	}
	file, err := os.OpenFile(f.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--log: %w", err)
	}
	f.options.Lines = file
	return file.Close, nil
}
