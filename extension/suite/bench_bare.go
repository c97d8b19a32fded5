package suite

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"k6suite/extension/embedded"
)

// benchUsers is how many clients work at a time, on either side.
const benchUsers = 4

// bareCommand is what runs one bare loop; only `bench` uses it.
const bareCommand = "bench-bare"

func newBareCommand() *cobra.Command {
	var b bareKafka
	var brokers string
	var calls, records int
	cmd := &cobra.Command{
		Use: bareCommand + " send|poll|ledger", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if brokers != "" {
				b.brokers = strings.Split(brokers, ",")
			}
			loops := map[string]func(context.Context) (time.Duration, error){
				"send":   func(ctx context.Context) (time.Duration, error) { return b.send(ctx, calls) },
				"poll":   func(ctx context.Context) (time.Duration, error) { return b.poll(ctx, records) },
				"ledger": func(ctx context.Context) (time.Duration, error) { return b.track(ctx, records) },
			}
			loop, ok := loops[args[0]]
			if !ok {
				return couldNotRun("%s %q: send, poll or ledger is allowed", bareCommand, args[0])
			}
			took, err := loop(cmd.Context())
			if err != nil {
				return couldNotRun("%s %s: %v", bareCommand, args[0], err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), `{"ms":%d}`, took.Milliseconds())
			return nil
		},
	}
	cmd.Flags().StringVar(&brokers, "brokers", "", "")
	cmd.Flags().StringVar(&b.topic, "topic", "", "")
	cmd.Flags().IntVar(&calls, "calls", 0, "")
	cmd.Flags().IntVar(&records, "records", 0, "")
	return cmd
}

// bareKafka is the bare side of the benchmarks on Apache Kafka.
type bareKafka struct {
	brokers []string
	topic   string // what begins the names of its topics
}

// prepare creates the topics, and fills the one that is polled.
func (b *bareKafka) prepare(ctx context.Context, records int) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(b.brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()), uncompressed())
	if err != nil {
		return err
	}
	defer client.Close()
	created, err := kadm.NewClient(client).CreateTopics(ctx, benchUsers, -1, nil, b.topic+"-send", b.topic+"-poll")
	if err == nil {
		err = created.Error()
	}
	if err != nil {
		return fmt.Errorf("creating topics: %w", err)
	}
	for i := range records {
		for p := range int32(benchUsers) {
			client.Produce(ctx, &kgo.Record{Topic: b.topic + "-poll", Partition: p, Value: benchValue()}, nil)
		}
		if i%10_000 == 0 {
			if err := client.Flush(ctx); err != nil {
				return err
			}
		}
	}
	return client.Flush(ctx)
}

func uncompressed() kgo.Opt { return kgo.ProducerBatchCompression(kgo.NoCompression()) }

func benchValue() []byte { return bytes.Repeat([]byte("x"), 200) }

// send does what send.js does.
func (b *bareKafka) send(ctx context.Context, calls int) (time.Duration, error) {
	return slowest(ctx, func(ctx context.Context, _ int, begin func()) error {
		client, err := kgo.NewClient(kgo.SeedBrokers(b.brokers...), kgo.DefaultProduceTopic(b.topic+"-send"),
			kgo.ProducerLinger(0), uncompressed())
		if err != nil {
			return err
		}
		defer client.Close()
		for call := range calls + 1 {
			if call == 1 {
				begin() // the first one connects
			}
			batch := make([]*kgo.Record, 100)
			for i := range batch {
				batch[i] = &kgo.Record{Value: benchValue()}
			}
			if err := client.ProduceSync(ctx, batch...).FirstErr(); err != nil {
				return err
			}
		}
		return nil
	})
}

// poll does what poll.js does.
func (b *bareKafka) poll(ctx context.Context, records int) (time.Duration, error) {
	return slowest(ctx, func(ctx context.Context, user int, begin func()) error {
		client, err := kgo.NewClient(kgo.SeedBrokers(b.brokers...), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{
			b.topic + "-poll": {int32(user): kgo.NewOffset().AtStart()},
		}))
		if err != nil {
			return err
		}
		defer client.Close()
		got := client.PollRecords(ctx, 1).NumRecords() // connects
		begin()
		for got < records {
			fetches := client.PollRecords(ctx, 1000)
			if err := fetches.Err(); err != nil {
				return err
			}
			got += fetches.NumRecords()
		}
		return nil
	})
}

// track does what ledger.js does, without a ledger: on the embedded target if there are no brokers.
func (b *bareKafka) track(ctx context.Context, records int) (time.Duration, error) {
	brokers, topic := b.brokers, b.topic+"-send"
	if len(brokers) == 0 {
		cluster, err := embedded.Start(ctx, embedded.Options{AutoCreate: true, DefaultPartitions: benchUsers})
		if err != nil {
			return 0, err
		}
		defer func() { _ = cluster.Close() }()
		brokers, topic = cluster.Bootstrap(), "bench"
	}
	return slowest(ctx, func(ctx context.Context, _ int, begin func()) error {
		client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.DefaultProduceTopic(topic), kgo.AllowAutoTopicCreation(), uncompressed())
		if err != nil {
			return err
		}
		defer client.Close()
		if err := produceBare(ctx, client, records/4); err != nil { // connects, and warms up
			return err
		}
		begin()
		return produceBare(ctx, client, records)
	})
}

// produceBare sends records of the size of tracked ones, and waits for all.
func produceBare(ctx context.Context, client *kgo.Client, records int) error {
	identity := []kgo.RecordHeader{{Key: "k6-id", Value: make([]byte, 36)}}
	var failed error
	var once sync.Once
	for range records {
		client.Produce(ctx, &kgo.Record{Value: benchValue(), Headers: identity}, func(_ *kgo.Record, err error) {
			if err != nil {
				once.Do(func() { failed = err })
			}
		})
	}
	if err := client.Flush(ctx); err != nil {
		return err
	}
	return failed
}

// slowest runs the work of all users at a time and gives how long the slowest took from its begin.
func slowest(ctx context.Context, work func(ctx context.Context, user int, begin func()) error) (time.Duration, error) {
	took := make([]time.Duration, benchUsers)
	group, ctx := errgroup.WithContext(ctx)
	for user := range benchUsers {
		group.Go(func() error {
			start := time.Now()
			err := work(ctx, user, func() { start = time.Now() })
			took[user] = time.Since(start)
			return err
		})
	}
	err := group.Wait()
	longest := took[0]
	for _, t := range took {
		longest = max(longest, t)
	}
	return longest, err
}
