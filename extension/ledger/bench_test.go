package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"k6suite/extension/ledger"
)

const (
	tracked        = 10_000_000
	benchProducers = 100
	benchPartition = 10
)

// pattern is traffic: in which order records of which producers land in which partitions.
type pattern struct {
	name    string
	batch   int  // records of one producer that land together in one partition
	random  bool // each record goes to a random partition
	unknown int  // percent of the records whose outcome is unknown
}

var patterns = []pattern{
	{name: "contiguous", batch: 500},
	{name: "keyed", batch: 20, random: true},
	{name: "interleaved", batch: 1, random: true},
	{name: "keyed-10%-unknown", batch: 20, random: true, unknown: 10},
}

// landing is one record where it stands.
type landing struct {
	serial    ledger.Serial
	partition int32
	offset    int64
	unknown   bool
}

// land plays n records. Each producer fills its batches per partition in the order of its sequences, as a keyed client does.
func (p pattern) land(n int, visit func(at int, l landing)) {
	r := rand.New(rand.NewPCG(1, 2))
	var next [benchProducers]uint64
	var end [benchPartition]int64
	var filling [benchProducers][benchPartition][]ledger.Serial
	for i := 0; i < n; {
		producer := r.IntN(benchProducers)
		into := r.IntN(benchPartition)
		for {
			if p.random {
				into = r.IntN(benchPartition)
			}
			batch := &filling[producer][into]
			*batch = append(*batch, ledger.Serial(uint64(producer)<<38|next[producer]))
			next[producer]++
			if len(*batch) < p.batch {
				continue
			}
			for _, s := range *batch {
				visit(i, landing{s, int32(into), end[into], r.IntN(100) < p.unknown})
				end[into]++
				i++
			}
			*batch = (*batch)[:0]
			break
		}
	}
}

func benchLedger() *ledger.Ledger {
	l := ledger.New(ledger.Options{Run: "bench"})
	l.Own(topic)
	for i := range benchProducers {
		p := l.NewProducer(ledger.ProducerOptions{Name: fmt.Sprint(i), Idempotent: true, Ordered: true})
		p.Skip(tracked) // counts as sent, without the cost of making values
	}
	return l
}

func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

// BenchmarkLedgerMemory10M tracks ten million records, acked and then found by two final reads, and reports what the ledger holds.
func BenchmarkLedgerMemory10M(b *testing.B) {
	for _, p := range patterns {
		b.Run(p.name, func(b *testing.B) {
			for range b.N {
				before := heap()
				l := benchLedger()
				at := time.Unix(1_800_000_000, 0)
				p.land(tracked, func(i int, r landing) {
					if i%200 == 0 {
						at = at.Add(317 * time.Microsecond)
					}
					o := ledger.Outcome{Serial: r.serial, TP: tp(r.partition), Offset: r.offset, At: at}
					if r.unknown {
						o.Kind, o.Error = ledger.Unknown, "REQUEST_TIMED_OUT"
					}
					l.Settle(o)
				})
				b.ReportMetric(heap()-before, "MiB-acked")
				for _, name := range []string{"a", "b"} {
					f := l.NewFinalRead(name)
					p.land(tracked, func(_ int, r landing) { f.ReadSerial(tp(r.partition), r.offset, r.serial) })
				}
				b.ReportMetric(heap()-before, "MiB-read-twice")
				l.Judge(ledger.JudgeOptions{})
				b.ReportMetric(heap()-before, "MiB-judged")
				runtime.KeepAlive(l)
			}
		})
	}
}

// BenchmarkAck is the ack path.
func BenchmarkAck(b *testing.B) {
	for _, p := range patterns {
		b.Run(p.name, func(b *testing.B) {
			all := make([]ledger.Outcome, 0, b.N)
			at := time.Unix(1_800_000_000, 0)
			p.land(b.N, func(_ int, r landing) {
				if len(all) < b.N {
					all = append(all, ledger.Outcome{Serial: r.serial, TP: tp(r.partition), Offset: r.offset, At: at})
				}
			})
			l := benchLedger()
			b.ReportAllocs()
			b.ResetTimer()
			for _, o := range all {
				l.Settle(o)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkFinalRead is the path of a final read, identity and checksum included.
func BenchmarkFinalRead(b *testing.B) {
	for _, size := range []int{100, 1000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			const n = 100_000
			l := ledger.New(ledger.Options{Run: "bench"})
			l.Own(topic)
			var all []ledger.Record
			var producers []*ledger.Producer
			for range benchProducers {
				producers = append(producers, l.NewProducer(ledger.ProducerOptions{Idempotent: true, Ordered: true}))
			}
			for i := range n {
				m := producers[i/20%benchProducers].Make([]byte("key"), size)
				all = append(all, ledger.Record{Offset: int64(i), Key: m.Key, Value: m.Value, Headers: m.Headers})
				l.Settle(ledger.Outcome{Serial: m.Serial, TP: tp(0), Offset: int64(i)})
			}
			b.ReportAllocs()
			b.ResetTimer()
			var log *ledger.FinalLog
			for i := range b.N {
				if i%n == 0 {
					log = l.NewFinalRead("f").Log(tp(0))
				}
				log.Read(&all[i%n])
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkMake makes records.
func BenchmarkMake(b *testing.B) {
	p := ledger.New(ledger.Options{Run: "bench"}).NewProducer(ledger.ProducerOptions{})
	b.ReportAllocs()
	for range b.N {
		p.Make([]byte("key"), 200)
	}
}
