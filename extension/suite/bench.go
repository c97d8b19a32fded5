package suite

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// comparison is one benchmark: the same work from a script and by a bare franz-go loop.
type comparison struct {
	name   string
	script string            // below scripts/bench
	env    map[string]string // for the script
	bare   []string          // arguments of the command that runs the bare loop
	wanted float64           // least ratio of the rates, script to bare
}

type benchFlags struct {
	brokers string
	rounds  int
	calls   int
	records int
}

func newBenchCommand() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Compare scripts with bare franz-go loops that do the same, side by side",
		Long: `Run the same work from a k6 script with 4 virtual users and by a bare franz-go loop with 4 goroutines, in turn, and print the
median of the ratios of their rates: 1 is as fast as bare. Run it from the root of the repository.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), cmd.OutOrStdout()) },
	}
	cmd.Flags().StringVar(&f.brokers, "brokers", "", "Apache Kafka for send and poll, host:port (default: these are left out)")
	cmd.Flags().IntVar(&f.rounds, "rounds", 5, "rounds, of which the median counts")
	cmd.Flags().IntVar(&f.calls, "calls", 300, "sends of 100 records for each virtual user")
	cmd.Flags().IntVar(&f.records, "records", 100_000, "records to poll, or to track, for each virtual user")
	return cmd
}

func (f *benchFlags) run(ctx context.Context, out io.Writer) error {
	binary, err := os.Executable()
	if err != nil {
		return couldNotRun("finding the k6 binary: %v", err)
	}
	comparisons, err := f.comparisons(ctx)
	if err != nil {
		return couldNotRun("preparing: %v", err)
	}
	for _, c := range comparisons {
		if err := f.compare(ctx, out, binary, c); err != nil {
			return couldNotRun("%s: %v", c.name, err)
		}
	}
	return nil
}

// compare runs both sides in turn and prints the median of the ratios.
func (f *benchFlags) compare(ctx context.Context, out io.Writer, binary string, c comparison) error {
	ratios := make([]float64, 0, f.rounds)
	for range f.rounds {
		bare, err := timeBare(ctx, binary, c)
		if err != nil {
			return err
		}
		script, err := timeScript(ctx, binary, c)
		if err != nil {
			return err
		}
		ratios = append(ratios, bare.Seconds()/script.Seconds())
	}
	slices.Sort(ratios)
	fmt.Fprintf(out, "%-28s median %.2f of bare franz-go (min %.2f, max %.2f, wanted ≥ %.2f, %d rounds)\n",
		c.name, ratios[len(ratios)/2], ratios[0], ratios[len(ratios)-1], c.wanted, f.rounds)
	return nil
}

// timeScript runs a benchmark script and reads how long its slowest virtual user took.
func timeScript(ctx context.Context, binary string, c comparison) (time.Duration, error) {
	dir, err := os.MkdirTemp("", "k6suite-bench-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "out.json")
	args := []string{"run", "--quiet", "-e", "BENCH_OUT=" + file}
	for name, value := range c.env {
		args = append(args, "-e", name+"="+value)
	}
	cmd := exec.CommandContext(ctx, binary, append(args, filepath.Join("scripts", "bench", c.script))...)
	cmd.Env = append(os.Environ(), "K6_RESULTS="+dir)
	if log, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", c.script, err, log)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("%s measured nothing: %w", c.script, err)
	}
	return readTime(text)
}

// timeBare runs a bare loop in a process of its own, as new as the script's.
func timeBare(ctx context.Context, binary string, c comparison) (time.Duration, error) {
	text, err := exec.CommandContext(ctx, binary, append([]string{"x", "suite", bareCommand}, c.bare...)...).Output()
	if err != nil {
		return 0, fmt.Errorf("the bare loop %v: %w", c.bare, err)
	}
	return readTime(text)
}

// readTime reads what both sides print.
func readTime(text []byte) (time.Duration, error) {
	var measured struct {
		MS float64 `json:"ms"`
	}
	if err := json.Unmarshal(text, &measured); err != nil {
		return 0, fmt.Errorf("a measurement: %w", err)
	}
	return time.Duration(measured.MS * float64(time.Millisecond)), nil
}

// comparisons prepares what is to be compared: send, poll and tracked produce on Apache Kafka, tracked produce on the embedded target.
func (f *benchFlags) comparisons(ctx context.Context) ([]comparison, error) {
	tracked := comparison{
		name: "ledger.produce, embedded", script: "ledger.js", wanted: 0.9,
		env:  map[string]string{"BENCH_RECORDS": fmt.Sprint(f.records), "K6_PROFILE": "embedded"},
		bare: []string{"ledger", "--records", fmt.Sprint(f.records)},
	}
	if f.brokers == "" {
		return []comparison{tracked}, nil
	}
	b := bareKafka{brokers: strings.Split(f.brokers, ","), topic: "k6suite-bench-" + newSuiteID(time.Now())}
	if err := b.prepare(ctx, f.records); err != nil {
		return nil, err
	}
	env := map[string]string{
		"BENCH_BROKERS": f.brokers, "BENCH_CALLS": fmt.Sprint(f.calls), "BENCH_RECORDS": fmt.Sprint(f.records),
	}
	return []comparison{
		{
			name: "producer.send, Apache Kafka", script: "send.js", wanted: 0.5, env: with(env, "BENCH_TOPIC", b.topic+"-send"),
			bare: []string{"send", "--brokers", f.brokers, "--topic", b.topic, "--calls", fmt.Sprint(f.calls)},
		},
		{
			name: "consumer.poll, Apache Kafka", script: "poll.js", wanted: 0.3, env: with(env, "BENCH_TOPIC", b.topic+"-poll"),
			bare: []string{"poll", "--brokers", f.brokers, "--topic", b.topic, "--records", fmt.Sprint(f.records)},
		},
		{
			name: "ledger.produce, Apache Kafka", script: "ledger.js", wanted: 0.9,
			env: map[string]string{
				"BENCH_RECORDS": fmt.Sprint(f.records), "K6_PROFILE": "kafka-local", "K6_BROKERS": f.brokers,
			},
			bare: []string{"ledger", "--brokers", f.brokers, "--topic", b.topic, "--records", fmt.Sprint(f.records)},
		},
		tracked,
	}, nil
}

func with(env map[string]string, name, value string) map[string]string {
	out := map[string]string{name: value}
	for k, v := range env {
		out[k] = v
	}
	return out
}
