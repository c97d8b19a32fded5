package trust

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"k6suite/extension/contract"
	"k6suite/extension/kafka"
	"k6suite/extension/ledger"
)

// Options are the terms of one run.
type Options struct {
	Script     string         // name without .js; decides which requirements are judged
	RunID      string         // names the run, its topics, groups and results
	Part       contract.Part  // of a test that several k6 instances run: its topics and records bear the test's id instead
	Topics     []string       // that the run owns; default: k6suite-<script>-<run id>
	Partitions int32          // of each topic; default 3
	Records    int64          // how many the run will send in all: readers wait for them, and fewer acked is INCONCLUSIVE
	AutoCreate bool           // leave the creation of the topics to the target
	Shared     bool           // other clients use the topics, too: they may be there already, and records of others are no PHANTOM
	Results    string         // folder under which the run saves its verdict; default "results"
	Dialer     kafka.DialFunc // of the run's own clients; default: net.Dialer
	Needs      []Need         // what the script does to the target; where it cannot be done, nothing is judged, and NOT CLAIMED

	Drain time.Duration // how long the end of a run waits for outstanding acks, whose records stay unknown else; default 15s
	Stall time.Duration // how long a final read waits for the next record below the end before it is incomplete; default 15s
}

// Run is one scenario on its way to a verdict. All virtual users of a process share it.
type Run struct {
	opts     Options
	scenario contract.Scenario
	target   *Target
	ledger   *ledger.Ledger

	partitions atomic.Int32 // of each topic, as far as known

	settled atomic.Int64 // records of Produce with an outcome, the positive control's not counted
	acked   atomic.Int64 // among all records
	dialed  atomic.Int64 // connections that clients of the run have opened
	shown   atomic.Int64 // brokers that metadata showed at first
	cutOff  atomic.Int64 // records whose client was closed before they were answered

	phase        atomic.Pointer[Phase]
	disturbances disturbances
	storms       storms
	secured      secured
	flows        flows
	transactions transactions

	judging sync.Mutex     // one judgement at a time
	busy    sync.WaitGroup // calls of Produce and Consume under way

	unsettled sync.WaitGroup // records that clients hold

	mu           sync.Mutex
	producers    map[producerKey]*trackedProducer
	clients      map[clientKey]*kafka.Producer
	deaf         map[clientKey]*deafness    // of clients that lose answers
	stamps       map[int64]*ledger.Producer // of records that scripts make, by virtual user
	seers        map[int64]*ledger.Reader   // of records that scripts read
	expectations []contract.Expectation
	doubts       []contract.Doubt
	groups       map[string]*readerGroup // by their name in the ledger
	admin        *kafka.Admin            // nil until something is asked
	readers      int                     // names the readers
	stopped      error                   // why no more traffic is sent, nil while all is well
	unable       string                  // why the target cannot be disturbed as the script needs it
	verdict      *contract.Verdict
	ended        bool // the run is being judged: no more traffic
	endTraffic   context.CancelFunc
	traffic      context.Context //nolint:containedctx // ends with the traffic, which any call may outlive
	interrupt    context.CancelCauseFunc
	interrupted  context.Context //nolint:containedctx // ends with a signal, and any call may have to know
}

// ErrInterrupted is the cause of a run that was ended by a signal.
var ErrInterrupted = errors.New("interrupted")

// NewRun makes a run against a target. It does no I/O.
func NewRun(target *Target, opts Options) (*Run, error) {
	scenario, err := contract.ScenarioOf(opts.Script)
	if err != nil {
		return nil, err
	}
	if len(opts.Needs) > 0 {
		if err := opts.needsOneInstance("faults"); err != nil {
			return nil, err
		}
	}
	if len(opts.Topics) == 0 {
		opts.Topics = []string{TopicName(opts.Script, opts.TestID())}
	}
	if opts.Partitions == 0 {
		opts.Partitions = 3
	}
	if opts.Results == "" {
		opts.Results = "results"
	}
	if opts.Drain == 0 {
		opts.Drain = 15 * time.Second
	}
	if opts.Stall == 0 {
		opts.Stall = 15 * time.Second
	}
	interrupted, interrupt := context.WithCancelCause(context.Background())
	traffic, endTraffic := context.WithCancel(interrupted)
	r := &Run{
		opts: opts, scenario: scenario, target: target,
		ledger: ledger.New(ledger.Options{
			Run: opts.TestID(), Instance: uint8(max(opts.Part.Number-1, 0)), Instances: opts.Part.Of,
			Grace: time.Duration(target.Profile.Limits.Recovery), Memory: int64(target.Profile.LedgerMemory) << 20,
		}),
		producers: map[producerKey]*trackedProducer{},
		clients:   map[clientKey]*kafka.Producer{},
		deaf:      map[clientKey]*deafness{},
		stamps:    map[int64]*ledger.Producer{},
		seers:     map[int64]*ledger.Reader{},
		groups:    map[string]*readerGroup{},
		flows:     flows{finished: make(chan struct{})},
		interrupt: interrupt, interrupted: interrupted, traffic: traffic, endTraffic: endTraffic,
	}
	if !opts.AutoCreate {
		r.partitions.Store(opts.Partitions)
	}
	if !opts.Shared {
		for _, topic := range opts.Topics {
			r.ledger.Own(topic)
		}
	}
	if r.unable = Unable(target.Profile, opts.Needs...); r.unable != "" {
		r.stopped = errors.New(r.unable)
	}
	target.faults.Listen(r)
	return r, nil
}

// TopicName is the topic that a run of a script owns if it is not told another.
func TopicName(script, runID string) string { return fmt.Sprintf("k6suite-%s-%s", script, runID) }

// Topics are the topics that the run owns, the one that Produce takes by default first.
func (r *Run) Topics() []string { return r.opts.Topics }

// ID is the run's id.
func (r *Run) ID() string { return r.opts.RunID }

// Acked is how many records were acked so far.
func (r *Run) Acked() int64 { return r.acked.Load() }

// Interrupt ends the run early: traffic stops, the final phase is skipped, and the verdict is INCONCLUSIVE.
func (r *Run) Interrupt(why string) {
	r.interrupt(fmt.Errorf("%w by %s before the final phase was done", ErrInterrupted, why))
}

// Expect records what a script itself found out about a requirement that it judges, with its evidence.
func (r *Run) Expect(e contract.Expectation) error {
	if !r.scenario.JudgesRequirement(e.Requirement) {
		return fmt.Errorf("expect: %s does not judge %q, it judges %s", r.opts.Script, e.Requirement, strings.Join(r.scenario.Judges, " "))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expectations = append(r.expectations, e)
	return nil
}

// Stopped says why the run sends and reads nothing more, nil while it does.
func (r *Run) Stopped() error {
	if r.interrupted.Err() != nil {
		return context.Cause(r.interrupted)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopped
}

// stop ends all traffic: from now on there is nothing that could be judged.
func (r *Run) stop(why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped == nil {
		r.stopped = why
		r.doubts = append(r.doubts, contract.Doubt{Text: why.Error()})
	}
}

// Doubt notes why the run cannot say, whatever it finds: the script itself failed, for one.
func (r *Run) Doubt(text string) { r.doubt(contract.Doubt{Text: text}) }

func (r *Run) doubt(d contract.Doubt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.doubts = append(r.doubts, d)
}

// config gives how to connect: as the profile says, unless something else is asked for.
func (r *Run) config(other *kafka.Config) kafka.Config {
	cfg := r.target.Kafka
	if other != nil {
		cfg = *other
	}
	if cfg.Dialer == nil {
		cfg.Dialer = r.opts.Dialer
	}
	cfg.Dialer = r.watched(cfg.Dialer)
	r.watchTLS(&cfg, other == nil)
	return cfg
}

// errJudging is what traffic is told that comes after the run's end.
var errJudging = errors.New("the run is being judged: nothing more can be sent or read")

// whileTraffic gives a context that ends when the run is judged or interrupted. Until the returned function is called, the
// judgement waits.
func (r *Run) whileTraffic(ctx context.Context) (context.Context, context.CancelFunc, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return nil, nil, errJudging
	}
	r.busy.Add(1)
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(r.traffic, cancel)
	return ctx, func() { stop(); cancel(); r.busy.Done() }, nil
}

// whileRunning gives a context that also ends when the run is interrupted.
func (r *Run) whileRunning(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(r.interrupted, cancel)
	return ctx, func() { stop(); cancel() }
}
