package kafkaproxy_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"k6suite/extension/chaos/kafkaproxy"
)

// Frames that are used again while somebody still needs them would show here: as records that are not what was sent.
func TestGreatRecordsOfManyClientsStayApart(t *testing.T) {
	t.Parallel()
	const clients, each, size = 4, 15, 300_000
	for _, single := range modes() {
		cluster := fake(t, kfake.SeedTopics(6, "t"))
		p := start(t, kafkaproxy.Options{Brokers: cluster.ListenAddrs(), SingleEndpoint: single})
		var work errgroup.Group
		for n := range clients {
			writer := client(t, p.Addresses(), kgo.DefaultProduceTopic("t"), kgo.ProducerBatchCompression(kgo.NoCompression()))
			reader := client(t, p.Addresses(), kgo.ConsumeTopics("t"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
			work.Go(func() error {
				var records []*kgo.Record
				for i := range each {
					records = append(records, &kgo.Record{Value: noise(uint64(n*each+i), size)})
				}
				return writer.ProduceSync(testContext(t), records...).FirstErr()
			})
			work.Go(func() error {
				seen := map[uint64]bool{}
				for len(seen) < clients*each {
					fetches := reader.PollFetches(testContext(t))
					if err := fetches.Err(); err != nil {
						return err
					}
					for _, r := range fetches.Records() {
						id := binary.BigEndian.Uint64(r.Value)
						if !bytes.Equal(noise(id, size), r.Value) || seen[id] {
							return errors.New("a record is not what was sent, or is there twice")
						}
						seen[id] = true
					}
				}
				return nil
			})
		}
		require.NoError(t, work.Wait())
	}
}

// noise returns bytes that begin with their seed.
func noise(seed uint64, n int) []byte {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], seed)
	value := make([]byte, n)
	_, _ = rand.NewChaCha8(key).Read(value)
	binary.BigEndian.PutUint64(value, seed)
	return value
}
