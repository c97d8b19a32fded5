package trust

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/contract"
	"k6suite/extension/kafka"
	"k6suite/extension/ledger"
)

// Until says when a reader has read enough.
type Until string

const (
	// UntilSent waits for all records that the run announced (Options.Records) to be sent and for all acked ones to be read.
	UntilSent Until = "sent"
	// UntilAcked waits for all records that are acked by now to be read.
	UntilAcked Until = "acked"
	// UntilEnd waits for all traffic that flows (ProduceFlow) to end and for all acked records to be read.
	UntilEnd Until = "end"
)

// ConsumeOptions say what one call reads.
type ConsumeOptions struct {
	Group     string        // consumer group; "": all partitions, by this reader alone
	Until     Until         // default: sent if the run announced how many, else acked
	Committed bool          // read what is committed only (isolation.level=read_committed)
	Records   int64         // stop after so many records, whatever is missing; 0: no such bound
	For       time.Duration // stop after this time, whatever is missing; 0: no such bound
	Timeout   time.Duration // give up; default 60s
	Meter     kafka.Meter   // default: none

	Protocol       string        // kafka.ProtocolClassic (default) or kafka.ProtocolConsumer (group.protocol)
	Balancer       string        // how the members of a group share partitions; default "cooperative-sticky" (partition.assignment.strategy)
	SessionTimeout time.Duration // how long a member may be silent; default 45s (session.timeout.ms)
	Heartbeat      time.Duration // default 3s (heartbeat.interval.ms)
	Crash          bool          // end without leaving the group, and without a last commit
	CommitFirst    bool          // commit what was read before it is processed, not after: at most once
	OffsetReset    string        // where a group without an offset begins: "earliest", "latest", "none"; default as "earliest", not judged

	control *kafka.Config // the positive control connects by this
}

// Check says what is wrong with the options of a member of a group.
func (o ConsumeOptions) Check() error {
	alone := o.Group == ""
	switch {
	case alone && (o.Balancer != "" || o.SessionTimeout != 0 || o.Heartbeat != 0 || o.Crash):
		return errors.New("consume: balancer, sessionTimeout, heartbeat and crash are for members of a group: name it")
	case alone && o.Protocol != "":
		return errors.New("consume: protocol is for members of a group: name it")
	case o.Protocol == kafka.ProtocolConsumer && (o.Balancer != "" || o.SessionTimeout != 0 || o.Heartbeat != 0):
		return errors.New("consume: balancer, sessionTimeout and heartbeat are the coordinator's with protocol consumer: leave them out")
	}
	return o.checkDelivery()
}

// Consumed is what one call read.
type Consumed struct {
	Records    int64 `json:"records"`
	Complete   bool  `json:"complete"`   // the reader, or its group, has read every acked record
	Missing    int64 `json:"missing"`    // acked records not read by the reader or its group when the call ended
	Rebalances int64 `json:"rebalances"` // how often partitions were assigned
	Again      int64 `json:"again"`      // among Records: those that the group had processed before

	Repeated    []string `json:"repeated"`    // the first of Again
	Uncommitted int64    `json:"uncommitted"` // processed, and not committed when the reader crashed
	Unprocessed int64    `json:"unprocessed"` // committed, and not processed when the reader crashed
	Resets      int64    `json:"resets"`      // how often it had no offset to go on from, each partition counted, and was sent to one
	Refused     string   `json:"refused"`     // why it read nothing more: it has no offset, and was not to choose another
	Stopped     string   `json:"stopped"`     // why nothing was read
}

// patience is how long a reader at the end of the log waits for acked records that are missing there before it leaves the
// question to the final reads.
const patience = 2 * time.Second

// leaveTime bounds a member's last commit.
const leaveTime = 10 * time.Second

// commitEvery is how often a group member commits what it has read.
const commitEvery = 500 * time.Millisecond

// liveReader reads as an application would (auto.offset.reset=earliest, commits of its own) and tells the ledger all it
// sees.
type liveReader struct {
	run    *Run
	o      ConsumeOptions
	name   string
	group  string // in the ledger: the consumer group, or the reader itself
	ids    *ledger.Reader
	client *kafka.Consumer
	record ledger.Record
	got    Consumed

	shared     *readerGroup // with the group's other members
	lines      *lines       // of a reader that will crash
	lastLook   time.Time
	opened     map[ledger.TopicPartition]bool // partitions of a reader without a group, once they are open
	rebalances atomic.Int64
	resets     atomic.Int64
	crashed    atomic.Bool  // it tells nobody anything any more
	pending    atomic.Int64 // read since the last try to commit, be it in a rebalance
	outOfRange map[ledger.TopicPartition]int64

	mu          sync.Mutex // guards what follows, which rebalances share with the reader
	lastCommit  time.Time
	refused     error                           // why the last commit was refused in a rebalance, nil if it was not
	revocations int64                           // partitions that were taken away so far
	taken       map[ledger.TopicPartition]int64 // when each was: the count of revocations then
	owned       map[ledger.TopicPartition]bool  // as the group has it
	claimed     int32                           // the generation in which the ledger was last told of them
	began       map[ledger.TopicPartition]int64 // where it was sent, for nothing was committed
}

// Consume reads the run's topics on behalf of a virtual user until it has read enough. Not having read all in time is in
// the result, and a doubt of the run, but no error: lost is not late.
func (r *Run) Consume(ctx context.Context, vu int64, o ConsumeOptions) (Consumed, error) {
	if why := r.Stopped(); why != nil {
		return Consumed{Stopped: why.Error()}, nil
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	if err := o.Check(); err != nil {
		return Consumed{}, err
	}
	if o.Until == "" {
		o.Until = UntilAcked
		if r.opts.Records > 0 {
			o.Until = UntilSent
		}
	}
	ctx, done, err := r.whileTraffic(ctx)
	if err != nil {
		return Consumed{}, err
	}
	defer done()
	reader, err := r.newReader(vu, o)
	if err != nil {
		return Consumed{}, err
	}
	reader.read(ctx)
	if o.Crash {
		reader.crash()
	} else {
		reader.leave()
	}
	return reader.got, nil
}

func (r *Run) newReader(vu int64, o ConsumeOptions) (*liveReader, error) {
	r.mu.Lock()
	r.readers++
	name := fmt.Sprintf("reader %d of vu %d", r.readers, vu)
	r.mu.Unlock()
	reader := &liveReader{
		run: r, o: o, name: name, group: o.Group, lastCommit: time.Now(),
		opened: map[ledger.TopicPartition]bool{}, taken: map[ledger.TopicPartition]int64{},
		owned: map[ledger.TopicPartition]bool{}, began: map[ledger.TopicPartition]int64{}, outOfRange: map[ledger.TopicPartition]int64{},
	}
	reader.got.Repeated = []string{}
	if reader.group == "" {
		reader.group = name
	}
	reader.shared = r.group(reader.group)
	if o.Group == "" {
		reader.shared.owns(name, 1)
	} else {
		reader.shared.consumers.Store(true)
	}
	reader.ids = r.ledger.NewReader(ledger.ReaderOptions{Name: name, Group: o.Group, Committed: o.Committed})
	opts := kafka.ConsumerOptions{
		Topics: r.opts.Topics, Group: o.Group, Reset: "earliest", ReadCommitted: o.Committed, AutoCreate: r.opts.AutoCreate, Meter: o.Meter,
	}
	config := r.config(o.control)
	if o.Group != "" {
		opts.Listener = reader
		opts.Protocol, opts.SessionTimeout, opts.Heartbeat = o.Protocol, o.SessionTimeout, o.Heartbeat
		if o.Balancer != "" {
			opts.Balancers = []string{o.Balancer}
		}
	}
	if o.OffsetReset != "" {
		opts.Start.At, opts.Reset = "none", "none" // the reader asks itself, so that it is known what it was told: see Start
	}
	if o.Crash {
		reader.lines = &lines{dial: config.Dialer}
		config.Dialer = reader.lines.open
	}
	client, err := kafka.NewConsumer(config, opts)
	if err != nil {
		return nil, err
	}
	reader.client = client
	return reader, nil
}

// read polls until the reader has read enough or its time is up.
func (l *liveReader) read(ctx context.Context) {
	deadline := time.Now().Add(l.o.Timeout)
	if l.o.For > 0 {
		deadline = time.Now().Add(l.o.For)
	}
	for {
		before := l.revoked()
		records, err := l.client.Poll(ctx, l.portion(), 100*time.Millisecond)
		l.took(records, before)
		l.claimAgain()
		if ctx.Err() != nil {
			l.conclude() // the script or the run ended: what was read counts, and is committed
			return
		}
		if err != nil && !l.misplaced(ctx, err) {
			l.failed(err)
		}
		if len(records) > 0 {
			l.shared.touch()
		}
		enough := l.enough(ctx) || l.got.Refused != ""
		l.progress(ctx, records, enough)
		deadline = l.patient(deadline)
		if !enough && time.Now().After(deadline) {
			l.starved(ctx)
			enough = true
		}
		if enough {
			l.conclude()
			return
		}
	}
}

// patient brings the deadline of a reader forward that reads until the end: when traffic has ended, who then gets nothing for so long is
// stuck.
func (l *liveReader) patient(deadline time.Time) time.Time {
	ended := l.run.flows.ended()
	if l.o.Until != UntilEnd || ended.IsZero() {
		return deadline
	}
	since := l.shared.lastActive()
	if ended.After(since) {
		since = ended
	}
	if stuck := since.Add(time.Duration(l.run.target.Profile.Limits.Stuck) + time.Second); stuck.Before(deadline) {
		return stuck
	}
	return deadline
}

// revoked counts how often partitions were taken away.
func (l *liveReader) revoked() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.revocations
}

// took tells the ledger of the records of one poll. A partition may have been taken away, and even given back, since the poll
// began: then nobody can say to which session its records belong, and they are a session of their own.
func (l *liveReader) took(records []kafka.Record, before int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var unsure []ledger.TopicPartition
	for i := range records {
		tp := ledger.TopicPartition{Topic: records[i].Topic, Partition: records[i].Partition}
		if l.taken[tp] > before && !slices.Contains(unsure, tp) {
			unsure = append(unsure, tp)
			l.ids.Revoke(tp)
		}
		l.saw(&records[i])
	}
	for _, tp := range unsure {
		l.ids.Revoke(tp)
	}
	l.pending.Add(int64(len(records)))
}

// saw tells the ledger of one record.
func (l *liveReader) saw(r *kafka.Record) {
	tp := ledger.TopicPartition{Topic: r.Topic, Partition: r.Partition}
	if l.o.Group == "" && !l.opened[tp] {
		l.opened[tp] = true
		l.ids.Assign(tp, 0) // the run made the topic, so its log starts at 0
	}
	l.record.Offset, l.record.Timestamp, l.record.LeaderEpoch = r.Offset, r.Timestamp, r.LeaderEpoch
	l.record.Key, l.record.Value = r.Key, r.Value
	l.record.Headers = toLedger(l.record.Headers[:0], r.Headers)
	if l.ids.Read(tp, l.record) {
		l.again(tp)
	}
	l.shared.read(tp, r.Offset)
	l.got.Records++
}

// failed counts an error that the reader saw, by class. That the client reset a position is none: applications do not see
// it, and the rules judge where it went on.
func (l *liveReader) failed(err error) {
	if _, reset := errors.AsType[*kgo.ErrDataLoss](err); reset {
		return
	}
	name := kafka.ErrorName(err)
	if fetch, ok := errors.AsType[*kafka.FetchError](err); ok {
		name = fetch.Name
	}
	l.run.clientError(l.name, name, err)
}

// enough says whether the reader may stop.
func (l *liveReader) enough(ctx context.Context) bool {
	switch {
	case l.o.For > 0:
		return false // only time ends it
	case l.o.Records > 0:
		return l.got.Records >= l.o.Records
	}
	if l.o.Until == UntilSent && !l.allSent() || l.o.Until == UntilEnd && !l.run.flows.over() {
		return false
	}
	if time.Since(l.lastLook) < 50*time.Millisecond {
		return false // to compare what was read with what was acked is not free
	}
	l.lastLook = time.Now()
	if l.run.ledger.Missing(l.group) == 0 {
		return true
	}
	return l.shared.quiet() > patience && l.atEnd(ctx)
}

// atEnd says whether the group has read all that there is to read, however much the ledger misses.
func (l *liveReader) atEnd(ctx context.Context) bool {
	ctx, done, calm := l.run.whileCalm(ctx)
	if !calm {
		return false
	}
	defer done()
	ends, err := l.run.askEnds(ctx, l.name)
	return err == nil && l.shared.covers(ends)
}

// starved tells the ledger of a reader whose time is up though there is more to read for it: since when nothing came is what STUCK
// goes by.
func (l *liveReader) starved(ctx context.Context) {
	missing := l.run.ledger.Missing(l.group) - l.run.foreseenLost()
	// Who reads what is committed may wait for a script's own transaction to end, or in vain for what that has aborted.
	if l.o.For > 0 || l.o.Committed || missing <= 0 || l.run.hidden() || l.atEnd(ctx) {
		return
	}
	l.run.ledger.Starved(ledger.Starved{
		Reader: l.name, Topic: strings.Join(l.run.opts.Topics, ", "), Partition: -1,
		Since: time.Now().Add(-l.shared.quiet()), Until: time.Now(), Missing: missing,
	})
}

// conclude sums up what the reader read, and doubts the run where that is not everything it was to read.
func (l *liveReader) conclude() {
	l.got.Rebalances, l.got.Resets = l.rebalances.Load(), l.resets.Load()
	l.got.Missing = l.run.ledger.Missing(l.group)
	l.got.Complete = l.got.Missing <= l.run.foreseenLost()
	if l.got.Complete || l.o.For > 0 || l.o.Records > 0 || l.got.Refused != "" {
		return
	}
	l.run.doubt(contract.Doubt{
		Requirements: []string{"F2.2"},
		Text:         fmt.Sprintf("%s (group %q) had not read %d acked records when it stopped", l.name, l.o.Group, l.got.Missing),
	})
}
