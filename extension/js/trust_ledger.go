package js

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"
	"go.k6.io/k6/v2/js/promises"
	"go.k6.io/k6/v2/metrics"

	"k6suite/extension/contract"
	"k6suite/extension/kafka"
	"k6suite/extension/trust"
)

// ledger is the class Ledger in one virtual user. All virtual users share the run behind it.
type ledger struct {
	*trustInstance
	options trust.Options
	meter   *gathered // of the clients that this user's calls make
}

// newLedger is the constructor: it checks its options and does no I/O.
func (t *trustInstance) newLedger(call sobek.ConstructorCall) *sobek.Object {
	rt := t.vu.Runtime()
	opts, err := t.readLedgerOptions(call.Argument(0))
	if err != nil {
		common.Throw(rt, err)
	}
	l := &ledger{trustInstance: t, options: opts, meter: &gathered{}}
	object := call.This
	for name, value := range map[string]any{
		"run": opts.RunID, "topic": opts.Topics[0], "topics": opts.Topics,
		"prepare": l.prepare, "produce": l.produce, "consume": l.consume, "watch": l.watch, "membersSeen": l.membersSeen, "storm": l.storm,
		"recovered": l.recovered, "finish": l.finish, "versions": l.versions, "stopped": l.stopped, "acked": l.acked,
		"stamp": l.stamp, "seen": l.seen, "expect": l.expect, "judge": l.judge, "access": l.access,
		"transact": l.transact, "transform": l.transform, "trim": l.trim,
		"resetsSeen": l.resetsSeen,
	} {
		if err := object.Set(name, value); err != nil {
			common.Throw(rt, err)
		}
	}
	return object
}

func (t *trustInstance) readLedgerOptions(value sobek.Value) (trust.Options, error) {
	loaded, err := t.process.loadProfile()
	if err != nil {
		return trust.Options{}, err
	}
	out := trust.Options{
		RunID: loaded.RunID, Part: t.process.part, Partitions: 3, Results: t.process.results(), Dialer: t.process.traffic.dial,
	}
	o := readOptions(t.vu.Runtime(), "Ledger", value)
	o.text("script", &out.Script)
	o.required("script", out.Script)
	var topic string
	var topics []string
	o.text("topic", &topic)
	o.texts("topics", &topics)
	whole(o, "partitions", &out.Partitions, 1, 10_000)
	whole(o, "records", &out.Records, 0, 1<<38-1)
	o.boolean("autoCreate", &out.AutoCreate)
	o.boolean("sharesTopic", &out.Shared)
	var needs []string
	o.texts("needs", &needs, needNames()...)
	for _, need := range needs {
		out.Needs = append(out.Needs, trust.Need(need))
	}
	if err := o.done(); err != nil {
		return out, err
	}
	if _, err := contract.ScenarioOf(out.Script); err != nil {
		return out, err
	}
	if out.Topics, err = topicsOf(out, topic, topics); err != nil {
		return out, err
	}
	return out, t.process.claim(out)
}

func needNames() []string {
	var names []string
	for _, need := range trust.Needs() {
		names = append(names, string(need))
	}
	return names
}

// topicsOf gives the full names of the run's topics: the one that the script names, or those of the short names that it gives.
func topicsOf(o trust.Options, topic string, short []string) ([]string, error) {
	base := cmp.Or(topic, trust.TopicName(o.Script, o.TestID()))
	if len(short) == 0 {
		return []string{base}, nil
	}
	var topics []string
	for _, name := range short {
		full := base + "-" + name
		if name == "" || slices.Contains(topics, full) {
			//nolint:staticcheck // it begins with the name of the class, as the errors of options do
			return nil, fmt.Errorf("Ledger: topics must be different short names, not %q", short)
		}
		topics = append(topics, full)
	}
	return topics, nil
}

// theRun finds or makes the run that all virtual users share. It opens the target when it is the first to need it.
func (l *ledger) theRun(ctx context.Context) (*trust.Run, error) {
	return l.process.theRun(ctx, l.options)
}

// async runs work off the JavaScript goroutine and resolves a promise with what the result becomes there.
func (l *ledger) async(work ledgerCall) *sobek.Promise {
	promise, resolve, reject := promises.New(l.vu)
	if l.vu.State() == nil {
		reject(errors.New("the ledger works in setup, teardown and scenarios, not in the init context"))
		return promise
	}
	if err := l.process.checkPart(l.vu.State().Options); err != nil {
		reject(err)
		return promise
	}
	l.process.noteExecution(l.vu.Context())
	ctx, reporter, builtin := l.vu.Context(), l.kafka.reporter(l.vu), l.vu.State().BuiltinMetrics
	go func() {
		stop := l.reportMeanwhile(reporter)
		result, err := l.call(ctx, reporter, work)
		stop()
		reporter.report(l.meter) // before the promise settles: the iteration, and its context, may end then
		reporter.count(l.process.traffic.samples(builtin))
		if err != nil {
			reject(err)
			return
		}
		resolve(result)
	}()
	return promise
}

// reportEvery is how exactly samples of a long call say in which phase of the run they were taken.
const reportEvery = 100 * time.Millisecond

// reportMeanwhile reports what a call that takes long has measured so far, until it is stopped.
func (l *ledger) reportMeanwhile(reporter *reporter) (stop func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(reportEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				reporter.report(l.meter)
			case <-ended:
				return
			}
		}
	}()
	return func() { close(ended); <-done }
}

// ledgerCall is what a method does off the JavaScript goroutine.
type ledgerCall func(context.Context, *trust.Run, *reporter) (any, error)

// call does the work on the shared run and makes its result a plain value.
func (l *ledger) call(ctx context.Context, reporter *reporter, work ledgerCall) (any, error) {
	run, err := l.theRun(ctx)
	if err != nil {
		return nil, err
	}
	result, err := work(ctx, run, reporter)
	if err != nil {
		return nil, err
	}
	return plain(result)
}

func (l *ledger) prepare() *sobek.Promise {
	l.process.catchSignals()
	return l.async(func(ctx context.Context, run *trust.Run, to *reporter) (any, error) {
		to.count(map[*metrics.Metric]int{l.metrics.verdicts: 0}) // so that its threshold is looked at even if nobody judges
		info, err := run.Prepare(ctx)
		if err == nil {
			l.process.warnStopped(run)
		}
		return info, err
	})
}

func (l *ledger) produce(value sobek.Value) *sobek.Promise {
	opts, flow, err := l.readProduceOptions(value)
	vu := l.vuID()
	return l.async(func(ctx context.Context, run *trust.Run, _ *reporter) (any, error) {
		switch {
		case err != nil:
			return nil, err
		case flow.For > 0:
			return run.ProduceFlow(ctx, vu, opts, flow)
		}
		return run.Produce(ctx, vu, opts)
	})
}

func (l *ledger) readProduceOptions(value sobek.Value) (trust.ProduceOptions, trust.Flow, error) {
	out := trust.ProduceOptions{Records: 1, Size: 200, Timeout: time.Minute, Meter: l.meter}
	var flow trust.Flow
	partition := int32(-1)
	o := readOptions(l.vu.Runtime(), "produce", value)
	o.text("topic", &out.Topic, l.options.Topics...)
	whole(o, "records", &out.Records, 1, 100_000_000)
	whole(o, "size", &out.Size, 0, 64<<20)
	whole(o, "keys", &out.Keys, 0, 100_000_000)
	whole(o, "partition", &partition, 0, 1<<31-1)
	o.boolean("shared", &out.Shared)
	o.text("compression", &out.Compression, "none", "gzip", "snappy", "lz4", "zstd")
	whole(o, "batchSize", &out.BatchSize, 1<<10, 16<<20)
	whole(o, "loseAnswers", &out.LoseAnswers, 0, 1000)
	o.duration("timeout", &out.Timeout)
	o.duration("for", &flow.For)
	o.duration("every", &flow.Every)
	if partition >= 0 {
		out.Partition = &partition
	}
	err := o.done()
	switch {
	case err != nil:
	case flow.Every > 0 && flow.For == 0:
		err = errors.New("produce: every says how often records are sent again: say for how long, too (for)")
	case out.LoseAnswers > 0 && (flow.For > 0 || out.Shared):
		err = errors.New("produce: loseAnswers counts the answers of one call with a client of its own: leave out for and shared")
	}
	return out, flow, err
}

func (l *ledger) consume(value sobek.Value) *sobek.Promise {
	out := trust.ConsumeOptions{Timeout: time.Minute, Meter: l.meter}
	var until, isolation, commit string
	o := readOptions(l.vu.Runtime(), "consume", value)
	o.text("isolation", &isolation, "read_uncommitted", "read_committed")
	o.text("group", &out.Group)
	o.text("until", &until, string(trust.UntilSent), string(trust.UntilAcked), string(trust.UntilEnd))
	whole(o, "records", &out.Records, 0, 1<<38)
	o.duration("for", &out.For)
	o.duration("timeout", &out.Timeout)
	o.text("protocol", &out.Protocol, kafka.Protocols()...)
	o.text("balancer", &out.Balancer, kafka.Balancers()...)
	o.duration("sessionTimeout", &out.SessionTimeout)
	o.duration("heartbeat", &out.Heartbeat)
	o.boolean("crash", &out.Crash)
	o.text("commit", &commit, "after", "before")
	o.text("offsetReset", &out.OffsetReset, "earliest", "latest", "none")
	out.Until, out.Committed, out.CommitFirst = trust.Until(until), isolation == "read_committed", commit == "before"
	err := o.done()
	if err == nil {
		err = out.Check()
	}
	vu := l.vuID()
	return l.async(func(ctx context.Context, run *trust.Run, _ *reporter) (any, error) {
		if err != nil {
			return nil, err
		}
		return run.Consume(ctx, vu, out)
	})
}

func (l *ledger) watch(value sobek.Value) *sobek.Promise {
	var out trust.WatchOptions
	o := readOptions(l.vu.Runtime(), "watch", value)
	o.duration("every", &out.Every)
	o.duration("timeout", &out.Timeout)
	err := o.done()
	return l.async(func(ctx context.Context, run *trust.Run, _ *reporter) (any, error) {
		if err != nil {
			return nil, err
		}
		return run.WatchEnds(ctx, out)
	})
}

func (l *ledger) membersSeen(group string, members int, timeout sobek.Value) *sobek.Promise {
	return l.groupSeen(timeout, func(ctx context.Context, run *trust.Run, wait time.Duration) bool {
		return run.MembersSeen(ctx, group, members, wait)
	})
}

func (l *ledger) resetsSeen(group string, resets int, timeout sobek.Value) *sobek.Promise {
	return l.groupSeen(timeout, func(ctx context.Context, run *trust.Run, wait time.Duration) bool {
		return run.ResetsSeen(ctx, group, resets, wait)
	})
}

// groupSeen waits for something about a group.
func (l *ledger) groupSeen(timeout sobek.Value, waits func(context.Context, *trust.Run, time.Duration) bool) *sobek.Promise {
	wait, err := 30*time.Second, error(nil)
	if !absent(timeout) {
		wait, err = parseDuration(timeout)
	}
	return l.async(func(ctx context.Context, run *trust.Run, _ *reporter) (any, error) {
		if err != nil {
			return nil, err
		}
		return waits(ctx, run, wait), nil
	})
}

// recovered waits until what was disturbed works again.
func (l *ledger) recovered() *sobek.Promise {
	return l.async(func(ctx context.Context, run *trust.Run, _ *reporter) (any, error) { return run.Recovered(ctx), nil })
}

// finish ends the traffic that flows.
func (l *ledger) finish() *sobek.Promise {
	return l.async(func(_ context.Context, run *trust.Run, _ *reporter) (any, error) {
		run.FinishFlows()
		return nil, nil
	})
}

// stopped says why the run sends and reads nothing, "" while it does.
func (l *ledger) stopped() string {
	if why := l.now().Stopped(); why != nil {
		return why.Error()
	}
	return ""
}

// acked is how many records were acked so far.
func (l *ledger) acked() int64 { return l.now().Acked() }

// now gives the run to methods that only look.
func (l *ledger) now() *trust.Run {
	run, err := l.theRun(l.vu.Context())
	if err != nil {
		common.Throw(l.vu.Runtime(), err)
	}
	return run
}

// expect is synchronous: it only notes. Its optional fifth argument names claims without which it is not counted.
func (l *ledger) expect(requirement, what string, ok bool, evidence string, claims []string) {
	ctx := l.vu.Context()
	if !ok && ctx.Err() != nil {
		return // the function was cut off: what it missed says nothing about the target, and the cut is a doubt already
	}
	run, err := l.theRun(ctx)
	if err == nil {
		err = run.Expect(contract.Expectation{Requirement: requirement, What: what, OK: ok, Evidence: evidence, Claims: claims})
	}
	if err != nil {
		common.Throw(l.vu.Runtime(), err)
	}
}

func (l *ledger) judge() *sobek.Promise {
	promise := l.async(func(ctx context.Context, run *trust.Run, to *reporter) (any, error) {
		l.process.doubtCutOff(run)
		verdict, err := run.Judge(ctx)
		if verdict == nil {
			return nil, err
		}
		if l.process.announce(verdict) {
			to.count(map[*metrics.Metric]int{
				l.metrics.verdicts: 1, l.metrics.findings: against(*verdict), l.metrics.inconclusive: doubted(*verdict),
			})
			to.recovered(l.metrics.recovery, verdict.Recoveries)
		}
		return *verdict, err
	})
	if state := l.vu.State(); state != nil { // what is checked when it is judged belongs to the last phase
		state.Tags.Modify(func(tags *metrics.TagsAndMeta) { tags.SetTag(phaseTag, string(trust.Final)) })
	}
	return promise
}

func (l *ledger) vuID() int64 {
	if state := l.vu.State(); state != nil {
		return int64(state.VUID)
	}
	return 0
}
