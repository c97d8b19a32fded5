package suite

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"k6suite/extension/contract"
	"k6suite/extension/embedded"
	"k6suite/extension/ledger"
	"k6suite/extension/saved"
)

// thresholdExit is k6's exit code when a threshold is crossed.
const thresholdExit = 99

type proveFlags struct {
	healthy  int
	random   int
	repeat   int
	scripts  int // for each lie; 0: all that have to find it
	parallel int
	results  string
	document string
	lies     []string
}

func newProveCommand() *cobra.Command {
	var f proveFlags
	cmd := &cobra.Command{
		Use:   "prove",
		Short: "Prove that every rule fires on its lie, and only on it, and that a healthy target raises none",
		Long: `Run every lie against the scripts that have to find it, all scripts against healthy targets with other seeds, and random chaos
against healthy targets with the seeds from 1 on. A lie must be told, must fail the run with exit code 99, and must be found by its own
rule and by no other one.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), cmd.OutOrStdout()) },
	}
	cmd.Flags().IntVar(&f.healthy, "healthy", 20, "number of runs against a target that tells no lie")
	cmd.Flags().IntVar(&f.random, "random", 20, "number of runs of "+randomScript+" against a target that tells no lie, by seed")
	cmd.Flags().IntVar(&f.repeat, "repeat", 1, "how often each lie is tried, each time with another seed")
	cmd.Flags().IntVar(&f.scripts, "scripts", 0, "by how many of the scripts that have to find it each lie is tried, in turn (default: all)")
	cmd.Flags().IntVar(&f.parallel, "parallel", 2, "runs at a time")
	cmd.Flags().StringVar(&f.results, "results", filepath.Join("results", "prove"), "where verdicts, findings and logs are saved")
	cmd.Flags().StringVar(&f.document, "document", "", "document to write the matrix to, between "+verdictsBegin+" and "+verdictsEnd)
	cmd.Flags().StringSliceVar(&f.lies, "lie", nil, "only these lies (default: all)")
	return cmd
}

// trial is one run of the proof: a script against a lie, or against a healthy target if lie is empty.
type trial struct {
	script string
	lie    embedded.Lie
	seed   int
	wrong  string // what speaks against it; empty: proven
	found  []ledger.Code

	subject contract.Subject // who judged
}

func (t *trial) name() string {
	if t.lie.Name == "" {
		return fmt.Sprintf("healthy-%d-%s", t.seed, t.script)
	}
	return fmt.Sprintf("%s-%d-%s", t.lie.Name, t.seed, t.script)
}

func (f *proveFlags) run(ctx context.Context, out io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	binary, err := os.Executable()
	if err != nil {
		return couldNotRun("finding the k6 binary: %v", err)
	}
	lies, err := f.chosen()
	if err != nil {
		return err
	}
	trials, err := f.plan(lies)
	if err != nil {
		return couldNotRun("planning: %v", err)
	}
	by := "the scripts that have to find it"
	if f.scripts > 0 {
		by = fmt.Sprintf("%d of %s", f.scripts, by)
	}
	fmt.Fprintf(out, "%d runs: every lie × %s, %d healthy ones, and %d of healthy targets in random chaos\n",
		len(trials), by, f.healthy, f.random)
	id := newSuiteID(time.Now())
	var group errgroup.Group
	group.SetLimit(f.parallel)
	for n, t := range trials {
		group.Go(func() error {
			if ctx.Err() == nil {
				t.try(ctx, &runner{binary: binary, results: f.results}, runIDOf(id, fmt.Sprintf("%03d-%s", n, t.name())))
			} else {
				t.wrong = "interrupted"
			}
			return nil
		})
	}
	_ = group.Wait()
	if f.document != "" && ctx.Err() == nil {
		if err := replaceBetween(f.document, proofText(trials)); err != nil {
			return couldNotRun("%v", err)
		}
	}
	return printProof(out, trials)
}

// chosen gives the lies to try, all unless some were named.
func (f *proveFlags) chosen() ([]embedded.Lie, error) {
	all := embedded.Lies()
	if len(f.lies) == 0 {
		return all, nil
	}
	var out []embedded.Lie
	for _, name := range f.lies {
		i := slices.IndexFunc(all, func(l embedded.Lie) bool { return l.Name == name })
		if i < 0 {
			return nil, couldNotRun("--lie %s: no such lie; `k6 x suite lies` lists them", name)
		}
		out = append(out, all[i])
	}
	return out, nil
}

// randomScript has its plan from K6_SEED.
const randomScript = "chaos_random"

// plan pairs each lie with the scripts that have to find it, spreads the healthy runs over all scripts, and gives random chaos its seeds.
func (f *proveFlags) plan(lies []embedded.Lie) (trials []*trial, err error) {
	scenarios, err := contract.Stage(contract.StageRelease)
	if err != nil {
		return nil, err
	}
	begin := 0 // among the scripts, so that lies which many find are tried by others each time
	for _, lie := range lies {
		scripts := scriptsOf(lie, scenarios)
		if f.scripts > 0 && f.scripts < len(scripts) {
			scripts = slices.Concat(scripts, scripts)[begin%len(scripts):][:f.scripts]
			begin += f.scripts
		}
		for n := range f.repeat {
			for _, script := range scripts {
				trials = append(trials, &trial{script: script, lie: lie, seed: n + 1})
			}
		}
	}
	for i := range f.healthy {
		trials = append(trials, &trial{script: scenarios[i%len(scenarios)].Script, seed: i + 2})
	}
	for i := range f.random {
		trials = append(trials, &trial{script: randomScript, seed: i + 1})
	}
	return trials, nil
}

// scriptsOf gives the scripts that have to find a lie: those that it names, or those of the first stage that judge its rule.
func scriptsOf(lie embedded.Lie, scenarios []contract.Scenario) (scripts []string) {
	if len(lie.Scripts) > 0 {
		return lie.Scripts
	}
	for _, s := range judges(scenarios, ledger.Code(lie.Rule)) {
		scripts = append(scripts, s.Script)
	}
	return scripts
}

// judges gives the scenarios that judge a rule: those of the first stage that has one, for those of later stages take longer and
// would prove the same.
func judges(scenarios []contract.Scenario, rule ledger.Code) []contract.Scenario {
	for _, stage := range []string{contract.StagePR, contract.StageMain, contract.StageRelease} {
		var found []contract.Scenario
		for _, s := range scenarios {
			if s.Stage == stage && s.JudgesRule(rule) {
				found = append(found, s)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// ownStore names the variable by which the embedded target keeps its objects in an S3 server that others may use, too.
const ownStore = "K6_PROFILE_OBJECT_STORE_ENDPOINT"

// try runs the trial and notes what speaks against it.
func (t *trial) try(ctx context.Context, r *runner, runID string) {
	r.env = t.environment()
	if os.Getenv(ownStore) != "" {
		// Runs of one bucket would restore what others have left, lies and all.
		r.env = append(r.env, "K6_PROFILE_OBJECT_STORE_PREFIX="+runID)
	}
	result, err := r.run(ctx, filepath.Join("tests", t.script+".js"), runID)
	if err != nil {
		t.wrong = err.Error()
		return
	}
	t.subject = result.verdict.Subject
	for _, finding := range result.verdict.Findings {
		if rule := ledger.Code(finding.Rule()); !slices.Contains(t.found, rule) {
			t.found = append(t.found, rule)
		}
	}
	slices.Sort(t.found)
	if t.judge(result); t.wrong == "" {
		t.replay(filepath.Join(r.results, runID))
	}
}

// replay judges the run again from what it saved.
func (t *trial) replay(dir string) {
	if _, err := replayed(filepath.Join(dir, saved.File)); err != nil {
		t.wrong = "replay: " + err.Error()
	}
}

func (t *trial) environment() []string {
	env := []string{
		"K6_PROFILE=embedded", fmt.Sprintf("K6_SEED=%d", t.seed), "K6_LIE=" + t.lie.Name, "K6_PROFILE_SAVE=true",
		"K6_PROFILE_LIMITS_CONNECT=3s", "K6_PROFILE_LIMITS_STUCK=5s", // so that nobody waits long for what a lie never does
	}
	return append(env, conditions(t.lie)...)
}

// conditions are the parts of the environment without which a lie is not told, or not found.
func conditions(lie embedded.Lie) (env []string) {
	if lie.Direct {
		env = append(env, "K6_PROFILE_CLAIMS_SINGLE_ENDPOINT=false")
	}
	if lie.TLS {
		env = append(env, "K6_PROFILE_EMBEDDED_TLS=true")
	}
	if lie.Recovery > 0 {
		env = append(env, fmt.Sprintf("K6_PROFILE_LIMITS_RECOVERY=%s", lie.Recovery))
	}
	if lie.Connections > 0 {
		env = append(env, fmt.Sprintf("K6_STORM_CONNECTIONS=%d", lie.Connections), "K6_PROFILE_LIMITS_RELEASE=10s")
	}
	return env
}

func (t *trial) judge(result judged) {
	codes := make([]string, len(t.found))
	for i, c := range t.found {
		codes[i] = string(c)
	}
	found := strings.Join(codes, " ")
	switch {
	case t.lie.Name == "" && (result.verdict.Status != contract.Pass || result.exit != 0):
		t.wrong = fmt.Sprintf("healthy, yet %s (exit %d) %s: %s", result.verdict.Status, result.exit, found, result.log)
	case t.lie.Name == "":
	case result.verdict.LieHits[t.lie.Name] == 0:
		t.wrong = "the lie was never told: " + result.log
	case found != t.lie.Rule:
		t.wrong = fmt.Sprintf("found [%s] instead of %s: %s", found, t.lie.Rule, result.log)
	case result.verdict.Status != contract.Fail || result.exit != thresholdExit:
		t.wrong = fmt.Sprintf("%s with exit %d instead of FAIL with 99: %s", result.verdict.Status, result.exit, result.log)
	}
}

// row is what the runs of one lie came to.
type row struct {
	name, rule, description string
	scripts                 []string
	proven, runs            int
	found                   map[ledger.Code]int // in how many runs
}

// rowsOf sums the trials up by lie, in the order in which they were planned.
func rowsOf(trials []*trial) []*row {
	var rows []*row
	for _, t := range trials {
		name := t.lie.Name
		if name == "" {
			name = "(healthy)"
		}
		i := slices.IndexFunc(rows, func(r *row) bool { return r.name == name })
		if i < 0 {
			i = len(rows)
			rows = append(rows, &row{name: name, rule: t.lie.Rule, description: t.lie.Breaks, found: map[ledger.Code]int{}})
		}
		rows[i].runs++
		if !slices.Contains(rows[i].scripts, t.script) {
			rows[i].scripts = append(rows[i].scripts, t.script)
		}
		if t.wrong == "" {
			rows[i].proven++
		}
		for _, code := range t.found {
			rows[i].found[code]++
		}
	}
	return rows
}

// findings lists the rules that fired, each with the number of runs in which it did.
func (r *row) findings() string {
	if len(r.found) == 0 {
		return "nothing"
	}
	return strings.Join(timesEach(r.found), " ")
}

func timesEach(found map[ledger.Code]int) (out []string) {
	for _, code := range slices.Sorted(maps.Keys(found)) {
		out = append(out, fmt.Sprintf("%s×%d", code, found[code]))
	}
	return out
}

// printProof prints the matrix of lies and rules, what went wrong, and the closing line.
func printProof(out io.Writer, trials []*trial) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nLIE\tITS RULE\tFOUND\tPROVEN")
	passed := 0
	for _, r := range rowsOf(trials) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d of %d runs\n", r.name, r.rule, r.findings(), r.proven, r.runs)
		passed += r.proven
	}
	if err := w.Flush(); err != nil {
		return couldNotRun("printing the proof: %v", err)
	}
	fmt.Fprintln(out)
	for _, t := range trials {
		if t.wrong != "" {
			fmt.Fprintf(out, "FAILED %s: %s\n", t.name(), t.wrong)
		}
	}
	fmt.Fprintf(out, "%d passed, %d failed\n", passed, len(trials)-passed)
	if passed < len(trials) {
		return &ExitError{Code: exitFail, Reason: "not proven"}
	}
	return nil
}
