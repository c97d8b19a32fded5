package embedded_test

import (
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/embedded"
)

// BenchmarkProduce sends records of 200 bytes by four producers to ten partitions, as fast as acks come.
func BenchmarkProduce(b *testing.B) {
	c := start(b, embedded.Options{})
	createTopic(b, c, "t", 10, nil)
	const producers = 4
	clients := make([]*kgo.Client, producers)
	for i := range clients {
		clients[i] = client(b, c)
	}
	value := make([]byte, 200)
	b.ResetTimer()
	var group sync.WaitGroup
	for i, cl := range clients {
		group.Go(func() {
			for range b.N / producers {
				cl.Produce(b.Context(), &kgo.Record{Topic: "t", Value: value}, func(_ *kgo.Record, err error) {
					if err != nil {
						b.Error(err)
					}
				})
			}
			if err := cl.Flush(b.Context()); err != nil {
				b.Error(err)
			}
			_ = i
		})
	}
	group.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(c.RequestLog().Total())/float64(b.N)*1000, "requests/1000records")
}

// BenchmarkSync sends 100 records at a time and waits for them, by four producers: what a script does.
func BenchmarkSync(b *testing.B) {
	c := start(b, embedded.Options{})
	createTopic(b, c, "t", 10, nil)
	const producers, batch = 4, 100
	var group sync.WaitGroup
	clients := make([]*kgo.Client, producers)
	for i := range clients {
		clients[i] = client(b, c)
	}
	b.ResetTimer()
	for _, cl := range clients {
		group.Go(func() {
			for range b.N / producers / batch {
				records := make([]*kgo.Record, batch)
				for i := range records {
					records[i] = &kgo.Record{Topic: "t", Value: make([]byte, 200)}
				}
				if err := cl.ProduceSync(b.Context(), records...).FirstErr(); err != nil {
					b.Error(err)
				}
			}
		})
	}
	group.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
