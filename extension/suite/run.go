package suite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"k6suite/extension/contract"
	"k6suite/extension/report"
)

func newRunCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "run [--profile P] [--stage pr|main|release] [k6 run flags] [scripts…]",
		Short: "Run scripts one after the other and judge them as one contract",
		Long: `Run scripts one after the other, each in a k6 process of its own, and print the contract: every requirement, its verdict
and the evidence. Without scripts it runs those of the stage (default pr). Flags that are not its own go to each ` + "`k6 run`" + `.

  --profile P    profile of config/profiles.json (default: K6_PROFILE, else embedded)
  --stage S      pr, main or release (default pr); scripts come from tests/
  --kafka-proxy K  mirror or single-endpoint: chaos.kafkaProxy of the profile, for the scripts whose faults act on messages alone
  --save         save each run beside its verdict, so that k6 x suite verify can judge it again
  --results DIR  where verdicts, findings and logs are saved (default: K6_RESULTS, else results)`,
		DisableFlagParsing: true, // the flags of `k6 run` are not ours to know
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := parseRunFlags(args)
			if err != nil {
				return err
			}
			if f.help {
				return cmd.Help()
			}
			return f.run(cmd.Context(), cmd.OutOrStdout())
		},
	}
}

type runFlags struct {
	profile, stage, results string
	proxy                   string
	save, help              bool
	scripts, rest           []string
}

// parseRunFlags takes the flags that are ours and leaves the others to k6.
func parseRunFlags(args []string) (runFlags, error) {
	f := runFlags{stage: contract.StagePR, results: cmp.Or(os.Getenv("K6_RESULTS"), "results")}
	own := map[string]*string{"--profile": &f.profile, "--stage": &f.stage, "--results": &f.results, "--kafka-proxy": &f.proxy}
	var others []string
	for i := 0; i < len(args); i++ {
		name, value, inline := strings.Cut(args[i], "=")
		target := own[name]
		switch {
		case args[i] == "-h" || args[i] == "--help":
			f.help = true
		case args[i] == "--save":
			f.save = true
		case target == nil:
			others = append(others, args[i])
		case inline:
			*target = value
		case i+1 < len(args):
			i++
			*target = args[i]
		default:
			return f, couldNotRun("%s needs a value", name)
		}
	}
	f.scripts, f.rest = SplitArgs(others)
	return f, nil
}

// resolve finds the scripts of the stage where none are named.
func (f *runFlags) resolve() error {
	if len(f.scripts) > 0 {
		return nil
	}
	scenarios, err := contract.Stage(f.stage)
	if err != nil {
		return couldNotRun("--stage: %v", err)
	}
	for _, scenario := range scenarios {
		path := filepath.Join("tests", scenario.Script+".js")
		if _, err := os.Stat(path); err != nil {
			return couldNotRun("%v: run this from the folder that holds tests/, or name the scripts", err)
		}
		f.scripts = append(f.scripts, path)
	}
	return nil
}

func (f *runFlags) run(ctx context.Context, out io.Writer) error {
	if err := f.resolve(); err != nil {
		return err
	}
	binary, err := os.Executable()
	if err != nil {
		return couldNotRun("finding the k6 binary: %v", err)
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	r := &runner{binary: binary, flags: f.rest, results: f.results}
	if f.profile != "" {
		r.env = append(r.env, "K6_PROFILE="+f.profile)
	}
	if f.save {
		r.env = append(r.env, "K6_PROFILE_SAVE=true")
	}
	id := os.Getenv("K6_RUN_ID")
	if id == "" {
		id = newSuiteID(time.Now())
	}
	verdicts, failed := f.runAll(ctx, out, r, id)
	merged := contract.Merge(verdicts)
	merged.Run = id
	if len(verdicts) > 0 {
		fmt.Fprintln(out)
		err := report.Text(out, merged, false)
		if err == nil {
			err = report.Save(filepath.Join(f.results, id), merged)
		}
		if err != nil {
			return couldNotRun("the contract: %v", err)
		}
	}
	if ctx.Err() != nil {
		return &ExitError{Code: exitInconclusive, Reason: "interrupted: the scripts that had not run are not judged"}
	}
	if len(failed) > 0 && merged.Status != contract.Fail { // a finding stands, whatever else could not be run
		return couldNotRun("%d of %d scripts could not be judged:\n%v", len(failed), len(f.scripts), errors.Join(failed...))
	}
	if code := merged.Status.ExitCode(); code != 0 {
		return &ExitError{Code: code, Reason: "the contract is " + string(merged.Status)}
	}
	return nil
}

// between puts a proxy between clients and brokers where a script needs one. Others are judged without: it takes files and time.
func (f *runFlags) between(script string) []string {
	scenario, err := contract.ScenarioOf(script)
	if f.proxy == "" || err != nil || !scenario.OnTheWire() {
		return nil
	}
	return []string{"K6_PROFILE_CHAOS_KAFKA_PROXY=" + f.proxy}
}

// runAll runs the scripts in order and prints a line for each as it ends.
func (f *runFlags) runAll(ctx context.Context, out io.Writer, r *runner, id string) (verdicts []contract.Verdict, failed []error) {
	for _, script := range f.scripts {
		if ctx.Err() != nil {
			return verdicts, failed
		}
		name := strings.TrimSuffix(filepath.Base(script), filepath.Ext(script))
		fmt.Fprintf(out, "%-40s ", name)
		start := time.Now()
		one := *r
		one.env = append(slices.Clone(r.env), f.between(script)...)
		result, err := one.run(ctx, script, runIDOf(id, name))
		took := time.Since(start).Seconds()
		if err != nil {
			fmt.Fprintf(out, "could not run  %5.1f s\n", took)
			failed = append(failed, err)
			continue
		}
		fmt.Fprintf(out, "%-13s  %5.1f s  %d records, %s\n", result.verdict.Status, took, result.verdict.Acked, result.log)
		verdicts = append(verdicts, result.verdict)
	}
	return verdicts, failed
}
