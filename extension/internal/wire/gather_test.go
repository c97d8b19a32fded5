package wire_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/wire"
)

// batches are record batches of different lengths of their length.
func batches() [][]byte {
	return [][]byte{nil, {}, []byte("short"), bytes.Repeat([]byte("long"), 100_000)}
}

func TestWhatIsGatheredIsWhatIsEncoded(t *testing.T) {
	t.Parallel()
	produce, fetch := kmsg.NewPtrProduceRequest(), kmsg.NewPtrFetchResponse()
	for i, name := range []string{"a", "b"} {
		in, out := kmsg.NewProduceRequestTopic(), kmsg.NewFetchResponseTopic()
		in.Topic, out.Topic, in.TopicID, out.TopicID = name, name, [16]byte{byte(i)}, [16]byte{byte(i)}
		for n, batch := range batches() {
			produced, fetched := kmsg.NewProduceRequestTopicPartition(), kmsg.NewFetchResponseTopicPartition()
			produced.Partition, produced.Records = int32(n), batch
			fetched.Partition, fetched.RecordBatches = int32(n), batch
			fetched.UnknownTags.Set(99, []byte("unknown"))
			in.Partitions, out.Partitions = append(in.Partitions, produced), append(out.Partitions, fetched)
		}
		produce.Topics, fetch.Topics = append(produce.Topics, in), append(fetch.Topics, out)
	}
	for version := range produce.MaxVersion() + 1 {
		produce.SetVersion(version)
		whole := wire.EncodeRequest(produce, 7, "me")
		require.True(t, bytes.Equal(whole, bytes.Join(wire.GatherProduce(produce, 7, "me"), nil)), "version %d", version)
	}
	for version := range fetch.MaxVersion() + 1 {
		fetch.SetVersion(version)
		whole := wire.EncodeResponse(fetch, 7)
		require.True(t, bytes.Equal(whole, bytes.Join(wire.GatherFetched(fetch, 7), nil)), "version %d", version)
	}
	require.Len(t, produce.Topics[0].Partitions[3].Records, 400_000, "the message is not changed")
	require.Len(t, fetch.Topics[0].Partitions[3].RecordBatches, 400_000)
}
