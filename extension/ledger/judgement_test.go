package ledger_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

func TestEvidenceIsBoundedAndCountsAreExact(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	h.sends(h.producer(), 0, 3000)
	for offset := 1000; offset < 2000; offset++ {
		h.logs[0][offset] = changed(h.logs[0][offset], func(r *ledger.Record) { r.Value[60] ^= 1 })
	}
	h.finish()
	h.options.MaxEvidence = 4
	j := h.l.Judge(h.options)
	require.Len(t, j.Findings, 4)
	require.Equal(t, int64(996), j.Findings[3].Count)
	require.Zero(t, j.Findings[2].Count)
}

func TestRepetitionsBeyondTheEvidenceAreCounted(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	h.options.PromisesNoErrors, h.options.MaxEvidence = true, 4
	for i := range 30 {
		h.l.ClientError("reader", fmt.Sprintf("ERROR_%d", i/3), "")
	}
	j := h.l.Judge(h.options)
	require.Len(t, j.Findings, 4)
	require.Equal(t, int64(30), total(j.Findings, ledger.ErrorsSeen))
}

func TestAFindingNamesItsEvidence(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	all := h.sends(h.producer(), 1, 5)
	h.logs[1][3] = nil
	h.finalReads()
	text, err := json.Marshal(h.l.Judge(h.options).Findings)
	require.NoError(t, err)
	require.JSONEq(t, `[{"code": "LOST_ACKED", "topic": "t", "partition": 1, "offset": 3, "record": "`+string(all[3].Headers[0].Value)+`",
		"producer": "p", "sequence": 3, "time": "2027-01-15T08:00:00.004000Z",
		"detail": "acked at offset 3, and in none of 2 complete final reads that reached 5"}]`, string(text))
}

func TestNotesAndCounts(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	p := h.producer()
	h.sends(p, 0, 5)
	unknown, retried := p.Make(nil, 60), p.Make(nil, 60)
	h.put(0, recordOf(unknown))
	h.outcome(unknown, ledger.Unknown, 0, "REQUEST_TIMED_OUT")
	h.put(0, recordOf(retried))
	h.l.Settle(ledger.Outcome{Serial: retried.Serial, Kind: ledger.Suspicious, TP: tp(0), Offset: -1, Retried: true})
	h.put(0, nil)
	h.send(p, 0)
	p.Make(nil, 60)
	h.l.ClientError("admin", "COORDINATOR_NOT_AVAILABLE", "")
	h.read(h.reader("r"), 0, 0, 1, 2)
	require.Equal(t, int64(4), h.l.Missing("g"))
	require.Equal(t, int64(7), h.l.Missing("nobody"))
	h.finish()
	j := h.l.Judge(h.options)
	require.Empty(t, j.Findings)
	require.Equal(t, []string{
		"1 records of unknown outcome are present", "1 records were acked without an offset", `group "g" has not seen 4 acked records`,
		"t/0 has 1 offsets below its end that hold no record",
	}, j.Notes)
	require.Equal(t, ledger.Counts{
		Producers: 1, Partitions: 2, Sent: 9, Acked: 6, Suspicious: 1, Unknown: 2, Unsettled: 1, Read: 3, Found: 8, UnknownFound: 1, Objects: 2,
		Errors: map[string]int64{"REQUEST_TIMED_OUT": 1, "COORDINATOR_NOT_AVAILABLE": 1},
	}, j.Counts)
	highest, ok := h.l.HighestAcked(tp(0))
	require.True(t, ok)
	require.Equal(t, int64(8), highest)
	_, ok = h.l.HighestAcked(tp(1))
	require.False(t, ok)
}

func TestARecordGivenTwiceAtOneOffsetIsNoDuplicate(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	h.sends(h.l.NewProducer(ledger.ProducerOptions{}), 0, 2)
	f := h.l.NewFinalRead("final")
	f.Read(tp(0), *h.logs[0][1])
	f.Read(tp(0), *h.logs[0][1])
	require.Zero(t, h.l.Judge(h.options).Counts.Duplicated)
	f.Read(tp(0), *changed(h.logs[0][1], func(r *ledger.Record) { r.Offset = 2 }))
	require.Equal(t, int64(1), h.l.Judge(h.options).Counts.Duplicated)
}

func TestEachRuleHasADefinition(t *testing.T) {
	t.Parallel()
	seen := map[ledger.Code]bool{}
	for _, r := range ledger.Rules() {
		require.NotEmpty(t, r.Definition)
		require.False(t, seen[r.Name()])
		seen[r.Name()] = true
	}
	require.Len(t, seen, len(ledger.Rules()))
	require.Contains(t, seen, ledger.Code("METADATA_LIE/address"))
}

// TestEverythingAtOnce is for the race detector: all that feeds the ledger runs at the same time, and so does a judge.
func TestEverythingAtOnce(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	l := ledger.New(ledger.Options{Run: "run"})
	l.Own(topic)
	l.SetPartitions(topic, 2)
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i := range 4 {
		p := l.NewProducer(ledger.ProducerOptions{Idempotent: true, Keyed: true})
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			for range 500 {
				partition := int32(r.IntN(2))
				m, began := p.Make([]byte([]string{"21", "abc"}[partition]), 100), time.Now()
				mu.Lock()
				offset := h.put(partition, recordOf(m))
				mu.Unlock()
				l.Settle(ledger.Outcome{Serial: m.Serial, TP: tp(partition), Offset: offset, Began: began})
				l.SawLog(tp(partition), "fetch", ledger.LogEnds{LastStable: 900, HighWatermark: -1}, time.Time{})
				question := l.AskEnd(tp(partition), "lag")
				mu.Lock()
				end := h.end(partition)
				mu.Unlock()
				question.Answered(end)
			}
		})
	}
	for range 2 {
		r := l.NewReader(ledger.ReaderOptions{Name: "r", Group: "g"})
		wg.Go(func() {
			for position := 0; position < 500; {
				mu.Lock()
				log := h.logs[0]
				mu.Unlock()
				for ; position < len(log); position++ {
					r.Read(tp(0), *log[position])
				}
				l.ClientError("r", "X", "")
				l.Missing("g")
			}
		})
	}
	wg.Go(func() {
		for i := range 50 {
			interruption := l.Interrupted("kill")
			l.BrokerUp(7, true)
			l.Spread(map[int32]ledger.BrokerTraffic{7: {Requests: int64(i)}})
			l.SawMetadata(ledger.Metadata{
				Brokers: []ledger.MetadataBroker{{ID: 7, Address: "a:1"}}, Leaders: map[ledger.TopicPartition]int32{tp(0): 7},
			})
			l.SawObject(ledger.ObjectSeen{Key: "k", TP: tp(0), ETag: "e", At: time.Now()})
			l.BrokerDown(7)
			over := l.Outage()
			over()
			interruption.Restored()
		}
	})
	wg.Go(func() {
		for range 3 {
			l.Judge(ledger.JudgeOptions{})
			l.Counts()
		}
	})
	wg.Wait()
	h.l, h.written = l, time.Time{}
	var reads sync.WaitGroup
	for range 2 {
		f := l.NewFinalRead("final")
		for partition := range int32(2) {
			reads.Go(func() {
				h.finalPart(f, partition, ledger.Ends{Listed: h.end(partition), HighWatermark: h.end(partition), Reached: h.end(partition)})
			})
		}
	}
	reads.Go(func() {
		a := l.NewAudit()
		for partition := range int32(2) {
			h.object(a, partition, "o")
			a.Complete(tp(partition))
		}
	})
	reads.Wait()
	j := l.Judge(ledger.JudgeOptions{Partitions: map[string]int32{topic: 2}})
	require.Empty(t, j.Findings)
	require.Empty(t, j.Doubts)
	require.Equal(t, int64(2000), j.Counts.Found)
}
