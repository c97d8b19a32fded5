package recordbatch_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/recordbatch"
)

// made returns an idempotent, transactional batch of n records.
func made(t *testing.T, codec kgo.CompressionCodec, kind int16, n int) recordbatch.Batch {
	t.Helper()
	var records []byte
	for i := range n {
		r := kmsg.Record{
			TimestampDelta64: int64(i), OffsetDelta: int32(i), Key: fmt.Appendf(nil, "key-%d", i), Value: fmt.Appendf(nil, "value-%d", i),
			Headers: []kmsg.Header{{Key: "h", Value: []byte("1")}, {Key: "h", Value: nil}},
		}
		r.Length = int32(len(r.AppendTo(nil)) - 1)
		records = r.AppendTo(records)
	}
	if compressor, err := kgo.DefaultCompressor(codec); compressor != nil {
		require.NoError(t, err)
		records, _ = compressor.Compress(new(bytes.Buffer), records)
	}
	b := kmsg.RecordBatch{
		Magic: 2, Attributes: kind | 0x10, LastOffsetDelta: int32(n - 1), FirstTimestamp: 1000, MaxTimestamp: 1000 + int64(n) - 1,
		ProducerID: 7, ProducerEpoch: 2, FirstSequence: 40, NumRecords: int32(n), Records: records,
	}
	raw := recordbatch.Batch(b.AppendTo(nil))
	raw.Seal()
	require.True(t, raw.Whole())
	return raw
}

func codecs() []kgo.CompressionCodec {
	return []kgo.CompressionCodec{
		kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression(),
	}
}

func TestRecordsSurviveBeingTakenApartAndPutTogether(t *testing.T) {
	t.Parallel()
	coder := recordbatch.NewCoder()
	for kind, codec := range codecs() {
		t.Run(fmt.Sprint(kind), func(t *testing.T) {
			t.Parallel()
			b := made(t, codec, int16(kind), 20)
			records, err := coder.Records(b)
			require.NoError(t, err)
			require.Len(t, records, 20)
			require.Equal(t, "value-19", string(records[19].Value))
			again, err := coder.WithRecords(b, records)
			require.NoError(t, err)
			require.True(t, again.Intact())
			require.Equal(t, b.Attributes(), again.Attributes())
			require.EqualValues(t, kind, again.Codec())
			twice, err := coder.Records(again)
			require.NoError(t, err)
			require.Equal(t, records, twice)
		})
	}
}

func TestWithRecordsKeepsOffsetsAndDenseClosesThem(t *testing.T) {
	t.Parallel()
	coder := recordbatch.NewCoder()
	b := made(t, kgo.ZstdCompression(), 4, 5)
	records, err := coder.Records(b)
	require.NoError(t, err)
	holes, err := coder.WithRecords(b, records[1:3])
	require.NoError(t, err)
	require.EqualValues(t, 5, holes.Span())
	require.EqualValues(t, 2, holes.Count())
	dense, err := coder.Dense(b, records[1:3])
	require.NoError(t, err)
	require.True(t, dense.Intact())
	require.EqualValues(t, 2, dense.Span())
	left, err := coder.Records(dense)
	require.NoError(t, err)
	require.EqualValues(t, 0, left[0].OffsetDelta)
	require.EqualValues(t, 1, left[0].TimestampDelta64)
	require.Equal(t, "value-1", string(left[0].Value))
	none, err := coder.WithRecords(b, nil)
	require.NoError(t, err)
	require.True(t, none.Intact())
	require.Len(t, none, recordbatch.HeaderBytes)
	require.EqualValues(t, 0, none.Codec())
	require.EqualValues(t, 5, none.NextOffset())
}

func TestChangesAreCopiesWithARightChecksum(t *testing.T) {
	t.Parallel()
	b := made(t, kgo.NoCompression(), 0, 3)
	before := bytes.Clone(b)
	anonymous, renumbered, broken := b.Anonymous(), b.Renumbered(11), b.Broken()
	require.EqualValues(t, before, b)
	require.True(t, anonymous.Intact())
	require.EqualValues(t, -1, anonymous.ProducerID())
	require.EqualValues(t, -1, anonymous.ProducerEpoch())
	require.EqualValues(t, -1, anonymous.BaseSequence())
	require.False(t, anonymous.Transactional())
	require.True(t, renumbered.Intact())
	require.EqualValues(t, 11, renumbered.BaseSequence())
	require.EqualValues(t, 7, renumbered.ProducerID())
	require.True(t, renumbered.Transactional())
	require.False(t, broken.Intact())
	placed := b.Placed(100, 3)
	require.True(t, placed.Intact())
	require.EqualValues(t, 103, placed.NextOffset())
}

func TestEachLeavesWhatIsNoWholeBatch(t *testing.T) {
	t.Parallel()
	b := made(t, kgo.NoCompression(), 0, 3)
	torn := b[:len(b)-1]
	raw := append(append(bytes.Clone(b), b...), torn...)
	seen := 0
	out := recordbatch.Each(raw, func(b recordbatch.Batch) recordbatch.Batch { seen++; return b })
	require.Equal(t, 2, seen)
	require.Equal(t, raw, out)
	_, err := recordbatch.One(raw)
	require.ErrorContains(t, err, "follow")
	require.False(t, torn.Whole())
	_, err = recordbatch.One(torn)
	require.Error(t, err)
	_, err = recordbatch.One(nil)
	require.Error(t, err)
	old := bytes.Clone(b)
	old[16] = 1
	_, err = recordbatch.One(old)
	require.ErrorContains(t, err, "version 2")
}

func TestWhatIsNotRecordsIsAnError(t *testing.T) {
	t.Parallel()
	coder := recordbatch.NewCoder()
	b := made(t, kgo.NoCompression(), 0, 3)
	for name, spoil := range map[string]func(recordbatch.Batch) recordbatch.Batch{
		"greater count":   func(b recordbatch.Batch) recordbatch.Batch { b[60]++; return b },
		"lesser count":    func(b recordbatch.Batch) recordbatch.Batch { b[60]--; return b },
		"huge count":      func(b recordbatch.Batch) recordbatch.Batch { b[57] = 0x7f; return b },
		"negative count":  func(b recordbatch.Batch) recordbatch.Batch { b[57] = 0xff; return b },
		"no such codec":   func(b recordbatch.Batch) recordbatch.Batch { b[22] |= 7; return b },
		"not gzip at all": func(b recordbatch.Batch) recordbatch.Batch { b[22] |= 1; return b },
		"cut":             func(b recordbatch.Batch) recordbatch.Batch { return b[:len(b)-1] },
	} {
		_, err := coder.Records(spoil(bytes.Clone(b)))
		require.Error(t, err, name)
	}
}
