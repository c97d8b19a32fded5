package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

const tracked = 10_000_000

// pattern is traffic: in which order records of which producers land in which partitions.
type pattern struct {
	name       string
	producers  int
	partitions int
	batch      int  // records of one producer that land together in one partition
	random     bool // each batch goes to a random partition
	unknown    int  // percent of the records whose outcome is unknown
	absent     int  // percent of these that were never written
	wanted     int  // MiB that ten million records may take
}

var patterns = []pattern{
	{name: "contiguous", producers: 100, partitions: 10, batch: 500, wanted: 32},
	{name: "keyed", producers: 100, partitions: 10, batch: 20, random: true, wanted: 32},
	{name: "interleaved", producers: 100, partitions: 10, batch: 1, random: true, wanted: 32},
	{name: "keyed-10%-unknown", producers: 100, partitions: 10, batch: 20, random: true, unknown: 10, wanted: 96},
	{name: "10%-unknown-half-absent", producers: 100, partitions: 10, batch: 20, random: true, unknown: 10, absent: 50, wanted: 96},
	{name: "interleaved-10%-unknown-half-absent", producers: 100, partitions: 10, batch: 1, random: true, unknown: 10, absent: 50, wanted: 96},
	{name: "1000x1000-10%-half-absent", producers: 1000, partitions: 1000, batch: 20, random: true, unknown: 10, absent: 50, wanted: 96},
}

// landing is one record where it stands.
type landing struct {
	serial    ledger.Serial
	partition int32
	offset    int64
	unknown   bool
	absent    bool // never written: there is no offset
}

// land plays n records. Each producer fills its batches per partition in the order of its sequences, as a keyed client does.
func (p pattern) land(n int, visit func(at int, l landing)) {
	r := rand.New(rand.NewPCG(1, 2))
	next := make([]uint64, p.producers)
	end := make([]int64, p.partitions)
	filling := make([][]ledger.Serial, p.producers*p.partitions)
	for i := 0; i < n; {
		producer := r.IntN(p.producers)
		into := r.IntN(p.partitions)
		for {
			if p.random {
				into = r.IntN(p.partitions)
			}
			batch := &filling[producer*p.partitions+into]
			*batch = append(*batch, ledger.Serial(uint64(producer)<<38|next[producer]))
			next[producer]++
			if len(*batch) < p.batch {
				continue
			}
			for _, s := range *batch {
				l := landing{serial: s, partition: int32(into), offset: end[into], unknown: r.IntN(100) < p.unknown}
				if l.absent = l.unknown && r.IntN(100) < p.absent; !l.absent {
					end[into]++
				}
				visit(i, l)
				i++
			}
			*batch = (*batch)[:0]
			break
		}
	}
}

// begin gives a ledger with the producers of a pattern.
func (p pattern) begin() *ledger.Ledger { return p.beginWith(ledger.Options{Run: "bench"}) }

func (p pattern) beginWith(o ledger.Options) *ledger.Ledger {
	l := ledger.New(o)
	l.Own(topic)
	for i := range p.producers {
		p := l.NewProducer(ledger.ProducerOptions{Name: fmt.Sprint(i), Idempotent: true, Ordered: true})
		p.Skip(tracked) // counts as sent, without the cost of making values
	}
	return l
}

// settle tells a ledger the outcomes of n records.
func (p pattern) settle(l *ledger.Ledger, n int) {
	p.settleSome(l, n, func(r landing) landing { return r })
}

// settleSome tells other outcomes than those that landed.
func (p pattern) settleSome(l *ledger.Ledger, n int, shows func(landing) landing) {
	at := time.Unix(1_800_000_000, 0)
	p.land(n, func(i int, r landing) {
		if i%200 == 0 {
			at = at.Add(317 * time.Microsecond)
		}
		r = shows(r)
		o := ledger.Outcome{Serial: r.serial, TP: tp(r.partition), Offset: r.offset, At: at}
		if r.unknown {
			o.Kind, o.Error = ledger.Unknown, "REQUEST_TIMED_OUT"
		}
		l.Settle(o)
	})
}

// read makes a complete final read of n records.
func (p pattern) read(l *ledger.Ledger, name string, n int) {
	p.readSome(l, name, n, func(r landing) landing { return r })
}

// readSome makes a final read that shows something else than landed.
func (p pattern) readSome(l *ledger.Ledger, name string, n int, shows func(landing) landing) {
	f := l.NewFinalRead(name)
	ends := make([]int64, p.partitions)
	for i := range ends {
		f.Begin(tp(int32(i)), ledger.Ends{Listed: -1, HighWatermark: -1})
	}
	p.land(n, func(_ int, r landing) {
		if r.absent {
			return
		}
		ends[r.partition] = r.offset + 1
		if r = shows(r); !r.absent {
			f.ReadSerial(tp(r.partition), r.offset, r.serial)
		}
	})
	for i, end := range ends {
		f.End(tp(int32(i)), ledger.Ends{Listed: end, HighWatermark: end, Reached: end, EmptyAtEnd: true})
	}
}

func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

// bounds is a table of what was measured, with what is wanted beside it.
type bounds struct{ strings.Builder }

func (t *bounds) row(what string, measured float64, wanted string) {
	fmt.Fprintf(t, "%-64s %8.1f   wanted %s\n", what, measured, wanted)
}

// BenchmarkLedgerMemory10M tracks ten million records, acked and then found by two final reads, and prints what the ledger holds at most:
// after each step, and after the judgement.
func BenchmarkLedgerMemory10M(b *testing.B) {
	var table bounds
	for _, p := range patterns {
		b.Run(p.name, func(b *testing.B) {
			for range b.N {
				acked, read, judged := p.memory(tracked)
				b.ReportMetric(acked, "MiB-acked")
				b.ReportMetric(read, "MiB-read-twice")
				b.ReportMetric(judged, "MiB-judged")
				table.row("10 M records tracked, "+p.name+", MiB", max(acked, read, judged), fmt.Sprintf("≤ %d", p.wanted))
			}
			b.ReportMetric(0, "ns/op")
		})
	}
	fmt.Fprint(os.Stdout, table.String())
}

// memory tracks records and judges them, and gives the MiB that the ledger holds after each step.
func (p pattern) memory(records int) (acked, read, judged float64) {
	before := heap()
	l := p.begin()
	p.settle(l, records)
	acked = heap() - before
	p.read(l, "a", records)
	p.read(l, "b", records)
	read = heap() - before
	l.Judge(ledger.JudgeOptions{})
	judged = heap() - before
	runtime.KeepAlive(l)
	return acked, read, judged
}

// TestMemoryOfRecords holds a fortieth of the bounds against a fortieth of the records.
func TestMemoryOfRecords(t *testing.T) { //nolint:paralleltest // it measures the memory of this process
	for _, name := range []string{"contiguous", "interleaved-10%-unknown-half-absent"} {
		i := slices.IndexFunc(patterns, func(p pattern) bool { return p.name == name })
		acked, read, judged := patterns[i].memory(tracked / 40)
		require.Less(t, max(acked, read, judged), float64(patterns[i].wanted)/40, name)
		t.Logf("%s: %.2f MiB acked, %.2f read twice, %.2f judged", name, acked, read, judged)
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
			l := p.begin()
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
			for range 100 {
				producers = append(producers, l.NewProducer(ledger.ProducerOptions{Idempotent: true, Ordered: true}))
			}
			for i := range n {
				m := producers[i/20%len(producers)].Make([]byte("key"), size)
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
