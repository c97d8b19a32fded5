package ledger_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

const topic = "t"

func tp(partition int32) ledger.TopicPartition {
	return ledger.TopicPartition{Topic: topic, Partition: partition}
}

// history is a synthetic run: a ledger, and a target whose logs and bucket are slices. An index is an offset, nil a hole.
type history struct {
	t       testing.TB
	l       *ledger.Ledger
	clock   time.Time
	logs    map[int32][]*ledger.Record
	bucket  map[int32][]*ledger.Record // the logs, if nil
	written time.Time                  // when the objects were
	start   map[int32]int64            // log start offsets
	options ledger.JudgeOptions
}

func newHistory(t testing.TB) *history {
	t.Helper()
	h := &history{t: t, clock: time.Unix(1_800_000_000, 0), logs: map[int32][]*ledger.Record{}, start: map[int32]int64{}}
	h.written = h.clock
	h.l = ledger.New(ledger.Options{Run: "run", Now: h.now})
	h.l.Own(topic)
	h.l.SetPartitions(topic, 2)
	h.options.Partitions = map[string]int32{topic: 2}
	return h
}

func (h *history) now() time.Time {
	h.clock = h.clock.Add(time.Millisecond)
	return h.clock
}

func (h *history) producer() *ledger.Producer {
	return h.l.NewProducer(ledger.ProducerOptions{Name: "p", Idempotent: true, Ordered: true})
}

func recordOf(m ledger.Made) *ledger.Record {
	return &ledger.Record{Key: m.Key, Value: m.Value, Headers: m.Headers}
}

// put appends a record to a log and returns its offset; a nil record is a hole.
func (h *history) put(partition int32, r *ledger.Record) int64 {
	offset := int64(len(h.logs[partition]))
	if r != nil {
		placed := *r
		placed.Offset = offset
		r = &placed
	}
	h.logs[partition] = append(h.logs[partition], r)
	return offset
}

func (h *history) ack(m ledger.Made, partition int32, offset int64) {
	h.l.Settle(ledger.Outcome{Serial: m.Serial, Kind: ledger.Acked, TP: tp(partition), Offset: offset, At: h.now()})
}

// send makes a record, appends it and acks it where it stands.
func (h *history) send(p *ledger.Producer, partition int32) ledger.Made {
	m := p.Make(nil, 100)
	h.ack(m, partition, h.put(partition, recordOf(m)))
	return m
}

func (h *history) sends(p *ledger.Producer, partition int32, n int) (all []ledger.Made) {
	for range n {
		all = append(all, h.send(p, partition))
	}
	return all
}

func (h *history) outcome(m ledger.Made, kind ledger.OutcomeKind, partition int32, name string) {
	h.l.Settle(ledger.Outcome{Serial: m.Serial, Kind: kind, TP: tp(partition), Offset: -1, Error: name})
}

// reader follows a log from its start.
func (h *history) reader(name string) *ledger.Reader {
	return h.l.NewReader(ledger.ReaderOptions{Name: name, Group: "g"})
}

// read gives a reader the records at these offsets.
func (h *history) read(r *ledger.Reader, partition int32, offsets ...int64) {
	for _, o := range offsets {
		r.Read(tp(partition), *h.logs[partition][o])
	}
}

func (h *history) end(partition int32) int64 { return int64(len(h.logs[partition])) }

// finalRead reads both partitions in full.
func (h *history) finalRead(name string) {
	f := h.l.NewFinalRead(name)
	for p := range int32(2) {
		h.finalPart(f, p, ledger.Ends{
			LogStart: h.start[p], Listed: h.end(p), HighWatermark: h.end(p), Reached: h.end(p), EmptyAtEnd: true,
		})
	}
}

func (h *history) finalPart(f *ledger.FinalRead, partition int32, ends ledger.Ends) {
	f.Begin(tp(partition), ledger.Ends{LogStart: ends.LogStart, Listed: ends.Listed, HighWatermark: -1})
	for offset, r := range h.logs[partition] {
		if r != nil && int64(offset) >= ends.LogStart && int64(offset) < ends.Reached {
			f.Read(tp(partition), *r)
		}
	}
	f.End(tp(partition), ends)
}

func (h *history) finalReads() {
	h.finalRead("final 1")
	h.finalRead("final 2")
}

// audit reads the bucket: one object a partition, which covers the log and was written before anything was acked.
func (h *history) audit() *ledger.Audit {
	a := h.l.NewAudit()
	for p := range int32(2) {
		h.object(a, p, fmt.Sprintf("t/%d/segment-0", p))
		a.Complete(tp(p))
	}
	return a
}

func (h *history) object(a *ledger.Audit, partition int32, key string) {
	records := h.bucket[partition]
	if h.bucket == nil {
		records = h.logs[partition]
	}
	a.Object(ledger.Object{Key: key, TP: tp(partition), Base: 0, Last: int64(len(records)) - 1, Written: h.written})
	for _, r := range records {
		if r != nil {
			a.Read(tp(partition), key, *r)
		}
	}
}

// finish is the final phase of a run on a target with a bucket.
func (h *history) finish() {
	h.finalReads()
	h.audit()
}

// cloned returns a copy of the logs, to be changed.
func (h *history) cloned() map[int32][]*ledger.Record {
	all := map[int32][]*ledger.Record{}
	for p, log := range h.logs {
		all[p] = slices.Clone(log)
	}
	return all
}

// changed returns a copy of a record that a function then spoils.
func changed(r *ledger.Record, change func(r *ledger.Record)) *ledger.Record {
	other := *r
	other.Key, other.Value = slices.Clone(r.Key), slices.Clone(r.Value)
	other.Headers = slices.Clone(r.Headers)
	for i := range other.Headers {
		other.Headers[i].Value = slices.Clone(other.Headers[i].Value)
	}
	change(&other)
	return &other
}

// codes returns the rules that were broken, each once, sorted.
func codes(j ledger.Judgement) []ledger.Code {
	all := []ledger.Code{}
	for _, f := range j.Findings {
		all = append(all, ledger.Code(f.Rule()))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func doubts(j ledger.Judgement) (all []ledger.DoubtCode) {
	for _, d := range j.Doubts {
		all = append(all, d.Code)
	}
	return all
}

// total returns how many findings a rule has, the folded ones included.
func total(findings []ledger.Finding, code ledger.Code) (n int64) {
	for _, f := range findings {
		if ledger.Code(f.Rule()) == code {
			n += 1 + f.Count
		}
	}
	return n
}

// scenario is a history with the exact set of rules that it breaks, and the exact reasons for doubt.
type scenario struct {
	name   string
	run    func(h *history)
	codes  []ledger.Code
	doubts []ledger.DoubtCode
	total  int64 // of the only code, if not 0

	foreseen int64 // how many findings were foreseen, and came
}

func fires(codes ...ledger.Code) []ledger.Code { slices.Sort(codes); return codes }

func judgeAll(t *testing.T, scenarios []scenario) {
	t.Helper()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := newHistory(t)
			s.run(h)
			j := h.l.Judge(h.options)
			want := s.codes
			if want == nil {
				want = []ledger.Code{}
			}
			require.Equal(t, want, codes(j), "findings: %+v", j.Findings)
			require.Equal(t, s.doubts, doubts(j), "doubts: %+v", j.Doubts)
			if s.total > 0 {
				require.Equal(t, s.total, total(j.Findings, s.codes[0]), "findings: %+v", j.Findings)
			}
			foreseen := int64(0)
			for _, f := range j.Foreseen {
				foreseen += 1 + f.Count
			}
			require.Equal(t, s.foreseen, foreseen, "foreseen: %+v", j.Foreseen)
			for _, f := range j.Findings {
				require.NotEmpty(t, f.Detail)
			}
			require.Equal(t, j, h.l.Judge(h.options), "a judgement can be repeated")
			require.Equal(t, j, saved(t, h.l).Judge(h.options), "and replayed")
		})
	}
}
