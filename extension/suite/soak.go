package suite

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"k6suite/extension/contract"
)

type soakFlags struct {
	profile, script, results string
	minutes                  float64
	seed                     int64
	rounds                   int
}

func newSoakCommand() *cobra.Command {
	var f soakFlags
	cmd := &cobra.Command{
		Use:   "soak",
		Short: "Run random chaos round after round, each with a seed of its own, until the minutes are over or a round is not PASS",
		Long: `Run tests/chaos_random.js round after round, the first with --seed and each other with the next one, until the minutes are
over. The round that has begun by then is ended. It stops at the first round that is not PASS, and says how to replay it. Of each round
it keeps how much memory k6 took at most. K6_CHAOS_LENGTH=full makes rounds of five minutes, short (the default) of half a minute.

The summary is saved as soak.json and soak.txt in results/soak-<time>, beside the verdicts and logs of the rounds.

Exit codes: 0 all rounds PASS and memory flat, 1 could not run, 2 FAIL, 3 INCONCLUSIVE, interrupted, or memory that grows.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), cmd.OutOrStdout()) },
	}
	cmd.Flags().StringVar(&f.profile, "profile", "", "profile of config/profiles.json (default: K6_PROFILE, else embedded)")
	cmd.Flags().Float64Var(&f.minutes, "minutes", 60, "how long rounds are begun")
	cmd.Flags().Int64Var(&f.seed, "seed", 0, "seed of the first round (default: from the time)")
	cmd.Flags().IntVar(&f.rounds, "rounds", 0, "end after so many rounds (default: only the minutes count)")
	cmd.Flags().StringVar(&f.script, "script", filepath.Join("tests", randomScript+".js"), "script that takes its plan from K6_SEED")
	cmd.Flags().StringVar(&f.results, "results", cmp.Or(os.Getenv("K6_RESULTS"), "results"), "where the soak's folder is made")
	return cmd
}

func (f *soakFlags) check() error {
	switch {
	case f.minutes <= 0:
		return couldNotRun("--minutes %v: more than 0 is allowed", f.minutes)
	case f.seed < 0:
		return couldNotRun("--seed %d: 1 or more is allowed", f.seed)
	case f.rounds < 0:
		return couldNotRun("--rounds %d: 1 or more is allowed", f.rounds)
	}
	if _, err := os.Stat(f.script); err != nil {
		return couldNotRun("%v: run this from the folder that holds tests/, or name the script", err)
	}
	return nil
}

func (f *soakFlags) run(ctx context.Context, out io.Writer) error {
	if err := f.check(); err != nil {
		return err
	}
	binary, err := os.Executable()
	if err != nil {
		return couldNotRun("finding the k6 binary: %v", err)
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	s := f.begin(time.Now())
	dir := filepath.Join(f.results, s.ID)
	fmt.Fprintf(out, "soak %s: %s on profile %s for %v min, seeds from %d on, results in %s\n",
		s.ID, f.script, s.Profile, f.minutes, s.FirstSeed, dir)
	end := s.Began.Add(time.Duration(f.minutes * float64(time.Minute)))
	r := &runner{binary: binary, results: dir}
	if f.profile != "" {
		r.env = append(r.env, "K6_PROFILE="+f.profile)
	}
	for n := 0; s.Status == contract.Pass && ctx.Err() == nil && time.Now().Before(end) && (f.rounds == 0 || n < f.rounds); n++ {
		s.round(ctx, out, r, f.script)
	}
	s.Interrupted = ctx.Err() != nil
	s.conclude(time.Now())
	text := s.text()
	fmt.Fprint(out, "\n"+text)
	if err := s.save(dir, text); err != nil {
		return couldNotRun("%v", err)
	}
	return s.exit()
}

// begin names the soak and its first seed.
func (f *soakFlags) begin(now time.Time) *soak {
	seed := f.seed
	if seed == 0 {
		seed = now.Unix()
	}
	return &soak{
		Version: 1, ID: "soak-" + newSuiteID(now), Profile: cmp.Or(f.profile, os.Getenv("K6_PROFILE"), "embedded"), Script: f.script,
		Length: cmp.Or(os.Getenv("K6_CHAOS_LENGTH"), "short"), Minutes: f.minutes, FirstSeed: seed, Began: now.UTC(), Status: contract.Pass,
	}
}

// round runs the script with the next seed, and prints a line.
func (s *soak) round(ctx context.Context, out io.Writer, r *runner, script string) {
	seed := s.FirstSeed + int64(len(s.Rounds))
	name := strings.TrimSuffix(filepath.Base(script), filepath.Ext(script))
	memory := &peakMemory{}
	r.watch = memory.watch
	one := *r
	one.env = append(append([]string{}, r.env...), fmt.Sprintf("K6_SEED=%d", seed))
	began := time.Now()
	fmt.Fprintf(out, "%s  round %d, seed %d: ", began.UTC().Format(time.TimeOnly), len(s.Rounds)+1, seed)
	result, err := one.run(ctx, script, runIDOf(s.ID, fmt.Sprintf("%04d-%s-%d", len(s.Rounds)+1, name, seed)))
	round := soakRound{
		Seed: seed, Run: result.verdict.Run, Status: result.verdict.Status, Seconds: time.Since(began).Seconds(), Log: result.log,
		Acked: result.verdict.Acked, Faults: len(result.verdict.Faults), PeakMiB: memory.mebibytes(),
	}
	for _, fault := range result.verdict.Faults {
		round.Hits += fault.Hits
	}
	if err != nil {
		round.Status, round.Error = "", err.Error()
	}
	s.Rounds = append(s.Rounds, round)
	s.Status = round.Status
	fmt.Fprintln(out, round.text())
}
