package js

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/mattn/go-isatty"
	"github.com/sirupsen/logrus"
	"go.k6.io/k6/v2/js/modules"
	"go.k6.io/k6/v2/lib"

	"k6suite/extension/contract"
	"k6suite/extension/kafka"
	"k6suite/extension/profile"
	"k6suite/extension/report"
	"k6suite/extension/trust"
)

// Types of k6's global events. The type itself is internal to k6; untyped constants convert to it, and a test holds them
// against the events that k6 really sends.
const (
	eventTestEnd = 3
	eventExit    = 6
)

var errTestEnded = errors.New("the test has ended")

// process is what all virtual users of a k6 process share: the target, the run that is judged on it, and what must be closed
// at the end. Nothing of it starts before somebody needs it.
type process struct {
	watching  sync.Once
	signalled sync.Once

	mu       sync.Mutex
	env      func(string) (string, bool)
	environ  []string // NAME=value, those of -e included
	args     []string // of k6's command line
	part     contract.Part
	logger   logrus.FieldLogger
	profile  *profile.Profile
	target   *trust.Target
	run      *trust.Run      // of the script's ledger, once something has used it
	terms    *trust.Options  // of the script's ledger, once there is one
	threw    map[string]bool // what scenarios threw, so that each is told once
	judged   map[*contract.Verdict]bool
	verdicts []contract.Verdict // not printed yet
	tables   []string           // to be printed above them
	plans    int                // that were announced
	closers  []func() error
	ended    bool

	execution atomic.Pointer[lib.ExecutionState] // of the test, once a scenario has used the ledger

	traffic traffic // of the clients behind the ledger
	faults  faultSamples

	out io.Writer // where verdicts are printed
}

func newProcess() *process {
	return &process{threw: map[string]bool{}, judged: map[*contract.Verdict]bool{}, out: os.Stdout, args: os.Args}
}

// attach is called by each module for each virtual user, in its init context.
func (p *process) attach(vu modules.VU) {
	init := vu.InitEnv()
	if init == nil {
		return
	}
	p.mu.Lock()
	if p.env == nil {
		p.env = func(name string) (string, bool) {
			if value, ok := init.RuntimeOptions.Env[name]; ok { // -e NAME=value
				return value, true
			}
			return init.LookupEnv(name)
		}
		p.environ = os.Environ()
		for name, value := range init.RuntimeOptions.Env {
			p.environ = append(p.environ, name+"="+value)
		}
		p.logger = init.Logger
		hookInto(init.Logger, p)
	}
	p.mu.Unlock()
	p.watch(vu)
}

// iterationFailed doubts the run, once for each scenario and error.
func (p *process) iterationFailed(scenario, why string) {
	text := fmt.Sprintf("scenario %s did not get to its end: %s", scenario, firstLine(why))
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.threw[text] {
		return
	}
	p.threw[text] = true
	if p.run != nil {
		p.run.Doubt(text)
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// watch closes everything when the test has ended, and again when k6 exits, for tests that never began.
func (p *process) watch(vu modules.VU) {
	events := vu.Events().Global
	if events == nil {
		return
	}
	p.watching.Do(func() {
		_, ends := events.Subscribe(eventTestEnd, eventExit)
		go func() {
			for event := range ends {
				p.end()
				if event.Type == eventExit {
					p.printVerdicts()
				}
				event.Done()
				if event.Type == eventExit {
					return
				}
			}
		}()
	})
}

// end gives an unjudged run its verdict and closes all that was opened, last opened first.
func (p *process) end() {
	p.mu.Lock()
	run, closers := p.run, p.closers
	p.run, p.closers, p.ended = nil, nil, true
	p.mu.Unlock()
	if run != nil && !run.Judged() {
		run.Interrupt("the end of the test")
		verdict, err := run.Judge(context.Background())
		if err != nil {
			p.logger.WithError(err).Error("judging at the end of the test")
		}
		if verdict != nil {
			p.announce(verdict)
		}
	}
	for i := len(closers) - 1; i >= 0; i-- {
		if err := closers[i](); err != nil {
			p.logger.WithError(err).Warn("closing at the end of the test")
		}
	}
}

// onEnd has something closed when the test ends.
func (p *process) onEnd(end func() error) {
	p.mu.Lock()
	ended := p.ended
	if !ended {
		p.closers = append(p.closers, end)
	}
	p.mu.Unlock()
	if ended {
		_ = end()
	}
}

// loadProfile reads the profile that the environment names, once.
func (p *process) loadProfile() (*profile.Profile, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.loadProfileLocked()
}

func (p *process) loadProfileLocked() (*profile.Profile, error) {
	if p.profile != nil {
		return p.profile, nil
	}
	if p.env == nil {
		return nil, errors.New("the profile can only be read in a k6 test")
	}
	loaded, err := profile.Load(profile.Options{Env: p.env, Environ: p.environ})
	if err != nil {
		return nil, err
	}
	if err := p.takePart(loaded); err != nil {
		return nil, err
	}
	p.profile = loaded
	return loaded, nil
}

// openTarget opens the profile's target, once for the process; the embedded one starts here. An error is tried again by
// the next caller.
func (p *process) openTarget(ctx context.Context) (*trust.Target, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.target != nil {
		return p.target, nil
	}
	if p.ended {
		return nil, errTestEnded
	}
	loaded, err := p.loadProfileLocked()
	if err != nil {
		return nil, err
	}
	lies, seed, err := p.mischief()
	if err != nil {
		return nil, err
	}
	target, err := trust.OpenTarget(context.WithoutCancel(ctx), trust.TargetOptions{
		Profile: loaded, Lies: lies, Seed: seed, Env: p.env, Dir: filepath.Join(p.results(), loaded.RunID), Storm: p.stormer(),
	})
	if err != nil {
		return nil, err
	}
	target.Faults().Listen(&p.faults)
	p.target = target
	p.closers = append(p.closers, target.Close)
	return target, nil
}

// mischief reads what the embedded target shall lie about: K6_LIE (names, comma-separated) and K6_SEED.
func (p *process) mischief() (lies []string, seed int64, err error) {
	if text, _ := p.env("K6_LIE"); text != "" {
		for name := range strings.SplitSeq(text, ",") {
			if name = strings.TrimSpace(name); name != "" {
				lies = append(lies, name)
			}
		}
	}
	seed = 1
	if text, ok := p.env("K6_SEED"); ok && text != "" {
		if seed, err = strconv.ParseInt(text, 10, 64); err != nil {
			return nil, 0, fmt.Errorf("K6_SEED=%q: a whole number is allowed", text)
		}
	}
	return lies, seed, nil
}

// resolve gives clients that name no brokers those of the profile.
func (p *process) resolve(ctx context.Context) (kafka.Config, error) {
	target, err := p.openTarget(ctx)
	if err != nil {
		return kafka.Config{}, err
	}
	return target.Kafka, nil
}

// catchSignals tells the run of a Ctrl-C. k6 handles the same signal itself: it stops the scenarios and calls teardown.
func (p *process) catchSignals() {
	p.signalled.Do(func() {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
		p.onEnd(func() error { signal.Stop(signals); close(signals); return nil })
		go func() {
			for s := range signals {
				p.mu.Lock()
				if p.run != nil {
					p.run.Interrupt(signalName(s))
				}
				p.mu.Unlock()
			}
		}()
	})
}

func signalName(s os.Signal) string {
	if s == syscall.SIGTERM {
		return "SIGTERM"
	}
	return "Ctrl-C (SIGINT)"
}

// theRun finds or makes the run of the script's ledger, whose terms claim has seen.
func (p *process) theRun(ctx context.Context, opts trust.Options) (*trust.Run, error) {
	target, err := p.openTarget(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.run != nil {
		return p.run, nil
	}
	if p.ended {
		return nil, errTestEnded
	}
	run, err := trust.NewRun(target, opts)
	if err != nil {
		return nil, err
	}
	p.run = run
	return run, nil
}

// claim notes the terms of the script's ledger. All virtual users construct it alike; another one would be judged, and saved,
// under the same run.
func (p *process) claim(opts trust.Options) error {
	opts.Dialer = nil
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terms == nil {
		p.terms = &opts
		return nil
	}
	if was := *p.terms; !reflect.DeepEqual(was, opts) {
		//nolint:staticcheck // it begins with the name of the class, as the errors of options do
		return fmt.Errorf("Ledger: a script has one ledger, and every virtual user gives it the same options: there is one for %s "+
			"(topics %s, %d partitions, %d records, autoCreate %t) already",
			was.Script, strings.Join(was.Topics, ", "), was.Partitions, was.Records, was.AutoCreate)
	}
	return nil
}

// results is the folder for verdicts: K6_RESULTS, or "results".
func (p *process) results() string {
	if dir, _ := p.env("K6_RESULTS"); dir != "" {
		return dir
	}
	return "results"
}

// warnStopped says at once why a run that has just begun will not be judged on anything.
func (p *process) warnStopped(run *trust.Run) {
	if why := run.Stopped(); why != nil {
		p.logger.WithError(why).Error("nothing can be judged")
	}
}

// announce keeps a verdict to print it when k6 exits, below k6's own summary. It reports false for one that was announced
// before: who judges twice gets the same verdict, and it counts once.
func (p *process) announce(v *contract.Verdict) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.judged[v] {
		return false
	}
	p.judged[v] = true
	p.verdicts = append(p.verdicts, *v)
	return true
}

// printVerdicts prints what was judged.
func (p *process) printVerdicts() {
	p.mu.Lock()
	verdicts, tables := p.verdicts, p.tables
	p.verdicts, p.tables = nil, nil
	p.mu.Unlock()
	for _, table := range tables {
		fmt.Fprintf(p.out, "\n%s", table)
	}
	for _, v := range verdicts {
		fmt.Fprintln(p.out)
		if err := report.Text(p.out, v, p.colour()); err != nil {
			p.logger.WithError(err).Error("printing the verdict")
		}
	}
}

// colour says whether verdicts are printed for a terminal.
func (p *process) colour() bool {
	_, plain := p.env("NO_COLOR")
	return !plain && isatty.IsTerminal(os.Stdout.Fd()) && !slices.Contains(os.Args, "--no-color")
}
