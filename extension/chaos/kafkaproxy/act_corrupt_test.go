package kafkaproxy_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// differing counts the values that are not those which were sent.
func differing(sent, found []string) int {
	n := 0
	for i := range sent {
		if sent[i] != found[i] {
			n++
		}
	}
	return n
}

func TestCorruptValuesAreStored(t *testing.T) {
	t.Parallel()
	for name, codec := range map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "zstd": kgo.ZstdCompression()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			cl := b.client(t, kgo.ProducerBatchCompression(codec))
			f := b.inject(t, `{"api": "Produce", "topic": "t", "action": "corrupt", "times": 1}`)
			send(t, cl, "t", 0, "aaaa", "bbbb", "cccc")
			ended(t, f)
			send(t, cl, "t", 0, "dddd")
			found := b.standing(t, "t", 0)
			require.Equal(t, 1, differing([]string{"aaaa", "bbbb", "cccc", "dddd"}, found))
			require.Equal(t, "dddd", found[3])
			require.EqualValues(t, 1, f.Hits())
			require.EqualValues(t, 1, f.Records())
		})
	}
}

func TestCorruptOnlyWhatMatches(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.inject(t, `{"api": "Produce", "value": "^x", "action": "corrupt"}`)
	cl := b.client(t)
	send(t, cl, "t", 0, "a", "x", "b", "")
	send(t, cl, "t", 0, "c")
	found := b.standing(t, "t", 0)
	require.Equal(t, []string{"a", "b", "", "c"}, except(found, found[1]))
	require.NotEqual(t, "x", found[1])
	hits(t, f, 1)
	f.Stop()
	empty := b.inject(t, `{"api": "Produce", "action": "corrupt"}`)
	send(t, cl, "t", 0, "", "")
	empty.Stop()
	require.Zero(t, empty.Hits(), "there is nothing to spoil in an empty value")
}

func TestABrokerRefusesAWrongChecksum(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.inject(t, `{"api": "Produce", "action": "corrupt", "what": "checksum", "times": 1}`)
	cl := b.client(t, plainProducer(), kgo.RecordRetries(0))
	err := sendRecords(t, cl, message("t", 0, "a")).FirstErr()
	require.ErrorIs(t, err, kerr.CorruptMessage)
	ended(t, f)
	send(t, cl, "t", 0, "b")
	require.Equal(t, []string{"b"}, b.standing(t, "t", 0))
}

func TestCorruptForOneReader(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	direct := client(t, b.cluster.ListenAddrs(), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	sent := []string{"aaaa", "bbbb", "cccc"}
	send(t, direct, "t", 0, sent...)
	f := b.inject(t, `{"api": "Fetch", "topic": "t", "action": "corrupt", "times": 1}`)
	require.Equal(t, 1, differing(sent, valuesOf(readAll(t, b.proxy.Addresses(), "t", 0))))
	ended(t, f)
	require.EqualValues(t, 1, f.Records())
	require.Equal(t, sent, valuesOf(readAll(t, b.proxy.Addresses(), "t", 0)))
	require.Equal(t, sent, b.standing(t, "t", 0))
}

func TestAReaderNoticesAWrongChecksum(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	direct := client(t, b.cluster.ListenAddrs(), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	send(t, direct, "t", 0, "a")
	f := b.inject(t, `{"api": "Fetch", "action": "corrupt", "what": "checksum"}`)
	cl := b.client(t, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"t": {0: kgo.NewOffset().At(0)}}))
	fetches := cl.PollFetches(testContext(t))
	require.ErrorContains(t, fetches.Err(), "crc")
	f.Stop()
	require.Positive(t, f.Hits())
	eventually(t, func() bool { return cl.PollFetches(testContext(t)).NumRecords() == 1 })
}
