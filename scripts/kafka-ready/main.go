// kafka-ready exits 0 once a Kafka cluster has as many nodes as it should, and a controller among them: what a client sees, and not
// that a port is open.
//
//	go run ./scripts/kafka-ready [-nodes 1] [-within 5s] host:port…
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	nodes := flag.Int("nodes", 1, "how many nodes the metadata must show")
	within := flag.Duration("within", 5*time.Second, "how long to ask for")
	flag.Parse()
	if err := run(*within, *nodes, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(within time.Duration, nodes int, brokers []string) error {
	if len(brokers) == 0 {
		return errors.New("no broker given: give one as host:port")
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.MetadataMinAge(100*time.Millisecond))
	if err != nil {
		return err
	}
	defer client.Close()
	last := errors.New("no answer")
	for {
		err := ask(ctx, client, nodes)
		if err == nil {
			return nil
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%v is not ready after %s: %w", brokers, within, last)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func ask(ctx context.Context, client *kgo.Client, nodes int) error {
	metadata, err := kadm.NewClient(client).BrokerMetadata(ctx)
	switch {
	case err != nil:
		return err
	case len(metadata.Brokers) != nodes:
		return fmt.Errorf("metadata shows %d nodes: want %d", len(metadata.Brokers), nodes)
	case metadata.Controller < 0:
		return errors.New("metadata shows no controller yet")
	}
	return nil
}
