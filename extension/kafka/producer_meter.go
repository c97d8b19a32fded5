package kafka

import (
	"sync"
	"time"
)

// runs tells broker batches apart by the promises: those of one batch come in one go, at neighbouring offsets of one
// partition. One clock reading per run, none per record.
type runs struct {
	topic     string
	partition int32
	next      int64
	latencies []time.Duration
}

func (r *runs) add(s *slot, res Result) {
	if res.Err != nil {
		r.next = -1
		return
	}
	same := len(r.latencies) > 0 && res.Offset >= 0 && res.Offset == r.next && res.Partition == r.partition && res.Topic == r.topic
	r.topic, r.partition, r.next = res.Topic, res.Partition, res.Offset+1
	if !same && (res.Offset >= 0 || len(r.latencies) == 0) {
		r.latencies = append(r.latencies, time.Since(s.since))
	}
}

func writesOf(records []Record, results []Result, latencies []time.Duration) Writes {
	w := Writes{Topic: results[0].Topic, Latencies: latencies}
	for i := range results {
		w.count(results[i].Err, records[i].size())
	}
	return w
}

func (w *Writes) count(err error, bytes int64) {
	if err == nil {
		w.Records++
		w.Bytes += bytes
		return
	}
	if w.Errors == nil {
		w.Errors = map[string]int{}
	}
	w.Errors[ErrorName(err)]++
}

// asyncMeter gathers what SendAsync comes to, and reports it when nothing is under way any more or reportEvery records
// have settled since the last report.
type asyncMeter struct {
	mu       sync.Mutex
	underWay int
	runs     runs
	writes   Writes
	settleds int
}

const reportEvery = 10_000

func (a *asyncMeter) begin(records int) {
	a.mu.Lock()
	a.underWay += records
	a.mu.Unlock()
}

func (a *asyncMeter) settled(m Meter, s *slot, r Result) {
	a.mu.Lock()
	a.underWay--
	a.settleds++
	a.runs.add(s, r)
	a.writes.Topic = r.Topic
	a.writes.count(r.Err, slotSize(s))
	if a.underWay > 0 && a.settleds < reportEvery {
		a.mu.Unlock()
		return
	}
	report := a.writes
	report.Latencies = a.runs.latencies
	a.writes, a.runs.latencies, a.settleds = Writes{}, nil, 0
	a.mu.Unlock()
	m.Wrote(report)
}

func slotSize(s *slot) int64 {
	n := len(s.rec.Key) + len(s.rec.Value)
	for _, h := range s.rec.Headers {
		n += len(h.Key) + len(h.Value)
	}
	return int64(n)
}
