package objectstore_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/objectstore"
)

// produced returns the batch that franz-go sends to a broker for the records.
func produced(t testing.TB, records []*kgo.Record, options ...kgo.Opt) []byte {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "topic"))
	require.NoError(t, err)
	defer cluster.Close()
	var raw []byte
	cluster.ControlKey(int16(kmsg.Produce), func(request kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		raw = append(raw, request.(*kmsg.ProduceRequest).Topics[0].Partitions[0].Records...)
		return nil, nil, false
	})
	options = append([]kgo.Opt{kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.DefaultProduceTopic("topic"), kgo.ManualFlushing()}, options...)
	client, err := kgo.NewClient(options...)
	require.NoError(t, err)
	defer client.Close()
	produce := func(records ...*kgo.Record) {
		for _, record := range records {
			client.Produce(t.Context(), record, func(_ *kgo.Record, err error) {
				if err != nil {
					t.Errorf("produce: %v", err)
				}
			})
		}
		require.NoError(t, client.Flush(t.Context()))
	}
	produce(&kgo.Record{}) // once the topic is known, a flush sends all there is as one batch
	raw = nil
	produce(records...)
	return raw
}

// at moves the first batch of body to an offset, as a broker does: the checksum does not cover it.
func at(body []byte, offset int64) []byte {
	moved := bytes.Clone(body)
	binary.BigEndian.PutUint64(moved, uint64(offset))
	return moved
}

// seal makes the checksum of a single batch right again.
func seal(batch []byte) []byte {
	binary.BigEndian.PutUint32(batch[17:], crc32.Checksum(batch[21:], crc32.MakeTable(crc32.Castagnoli)))
	return batch
}

func someRecords(n int) []*kgo.Record {
	records := make([]*kgo.Record, n)
	for i := range records {
		records[i] = &kgo.Record{
			Key:       fmt.Append(nil, "key-", i),
			Value:     bytes.Repeat(fmt.Append(nil, i, ","), 20),
			Timestamp: time.UnixMilli(1_700_000_000_000 + int64(i)),
			Headers:   []kgo.RecordHeader{{Key: "h", Value: fmt.Append(nil, i)}, {Key: "h"}, {Key: ""}},
		}
	}
	return records
}

func TestRecordsOfEveryCodec(t *testing.T) {
	t.Parallel()
	want := someRecords(50)
	want = append(want, &kgo.Record{Timestamp: want[0].Timestamp}, &kgo.Record{Key: []byte{}, Value: []byte{}, Timestamp: want[0].Timestamp})
	for codec, option := range []kgo.CompressionCodec{
		kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression(),
	} {
		body := at(produced(t, want, kgo.ProducerBatchCompression(option)), 100)
		n := 0
		for batch, err := range objectstore.Batches(body) {
			require.NoError(t, err)
			require.Equal(t, int8(codec), batch.Codec())
			records, err := objectstore.Records(batch)
			require.NoError(t, err)
			for _, got := range records {
				require.Equal(t, int64(100+n), got.Offset)
				require.Equal(t, int32(n+1), got.Sequence, "one record went before")
				require.GreaterOrEqual(t, got.ProducerID, int64(0))
				require.True(t, want[n].Timestamp.Equal(got.Timestamp))
				require.Equal(t, want[n].Key, got.Key)
				require.Equal(t, want[n].Value, got.Value, "null and empty are two things")
				require.Len(t, got.Headers, len(want[n].Headers))
				for i, header := range want[n].Headers {
					require.Equal(t, header.Key, got.Headers[i].Key)
					require.Equal(t, header.Value, got.Headers[i].Value)
				}
				n++
			}
		}
		require.Equal(t, len(want), n)
	}
}

func TestBatchesAreStrict(t *testing.T) {
	t.Parallel()
	good := produced(t, someRecords(1), kgo.ProducerBatchCompression(kgo.NoCompression()))
	change := func(at int, value ...byte) []byte {
		b := bytes.Clone(good)
		copy(b[at:], value)
		return b
	}
	for _, test := range []struct {
		body []byte
		want string
	}{
		{good[:20], "20 bytes left: a batch header has 61"},
		{good[:len(good)-1], "bytes are left"},
		{append(bytes.Clone(good), 0), fmt.Sprintf("batch at byte %d: 1 bytes left", len(good))},
		{change(8, 0xff), "batch of"},
		{change(16, 1), "record batch of version 1"},
		{change(len(good)-1, 0xee), "batch has checksum"},
		{change(0, 0xff), "none may be negative"},
		{seal(change(57, 0xff)), "none may be negative"},
		{seal(change(23, 0x80)), "none may be negative"},
	} {
		var last error
		for _, err := range objectstore.Batches(test.body) {
			last = err
		}
		require.ErrorContains(t, last, test.want)
	}
	for range objectstore.Batches(nil) {
		t.Fatal("an empty body has no batch")
	}
}

func TestRecordsAreStrict(t *testing.T) {
	t.Parallel()
	good := produced(t, someRecords(2), kgo.ProducerBatchCompression(kgo.NoCompression()))
	first := int(good[61]>>1) + 1 // the records begin at byte 61 with a length of one byte, zigzag encoded
	change := func(at int, value ...byte) []byte {
		b := bytes.Clone(good)
		copy(b[at:], value)
		return seal(b)
	}
	for _, test := range []struct {
		body []byte
		want string
	}{
		{change(57, 0, 0, 0, 1), "bytes follow its 1 records"},
		{change(57, 0, 0, 0, 3), "record 3 of 3"},
		{change(57, 0x7f), "records in"},
		{change(61, 0x01), "length -1"},
		{change(61, 0x04), "record 1 of 2"},
		{change(61+3, 0x04), "offset delta 2 in a batch that ends at 1"},
		{change(61+first+3, 0x00), "offset 0 follows 0"},
		{change(21, 0, 1), "decompress"},
		{change(21, 0, 7), "decompress"},
	} {
		for batch, err := range objectstore.Batches(test.body) {
			require.NoError(t, err)
			_, err = objectstore.Records(batch)
			require.ErrorContains(t, err, test.want)
		}
	}
}

func TestAttributesOfABatch(t *testing.T) {
	t.Parallel()
	body := produced(t, someRecords(1), kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.DisableIdempotentWrite())
	body[22] = 0x38 // log append time, transactional, control
	binary.BigEndian.PutUint64(body[35:], 1_800_000_000_000)
	for batch, err := range objectstore.Batches(seal(body)) {
		require.NoError(t, err)
		records, err := objectstore.Records(batch)
		require.NoError(t, err)
		require.True(t, records[0].Control)
		require.True(t, records[0].Transactional)
		require.Equal(t, int32(-1), records[0].Sequence)
		require.Equal(t, int64(-1), records[0].ProducerID)
		require.Equal(t, int64(1_800_000_000_000), records[0].Timestamp.UnixMilli())
	}
}

func TestKafScaleKeys(t *testing.T) {
	t.Parallel()
	layout := objectstore.KafScale()
	for prefix, want := range map[string]string{
		"":          "my.topic/7/segment-00000000000000001234.kfs",
		"default":   "default/my.topic/7/segment-00000000000000001234.kfs",
		"a/b/names": "a/b/names/my.topic/7/segment-00000000000000001234.kfs",
	} {
		key := layout.Key(prefix, "my.topic", 7, 1234)
		require.Equal(t, want, key)
		id, ok := layout.ParseKey(key)
		require.True(t, ok)
		require.Equal(t, objectstore.SegmentID{Prefix: prefix, Topic: "my.topic", Partition: 7, Base: 1234}, id)
		index := key[:len(key)-len(".kfs")] + ".index"
		require.True(t, layout.Companion(index))
		require.False(t, layout.Companion(key))
		_, ok = layout.ParseKey(index)
		require.False(t, ok)
	}
	for _, key := range []string{
		"", "segment-00000000000000000000.kfs", "0/segment-00000000000000000000.kfs", "/0/segment-00000000000000000000.kfs",
		"t/0/segment-1.kfs", "t/00/segment-00000000000000000001.kfs", "t/x/segment-00000000000000000001.kfs",
		"t/-1/segment-00000000000000000001.kfs", "t/0/segment--0000000000000000001.kfs", "t/0/segment-+0000000000000000001.kfs",
		"t/0/00000000000000000001.kfs", "t/0/segment-00000000000000000001.kfs.tmp", "t/4294967296/segment-00000000000000000001.kfs",
		"t/0/segment-99999999999999999999.kfs",
	} {
		_, ok := layout.ParseKey(key)
		require.False(t, ok, key)
	}
}

func segment(t testing.TB) (objectstore.Segment, []byte) {
	t.Helper()
	body := produced(t, someRecords(3))
	second := at(body, 13)
	s := objectstore.Segment{Base: 10, Last: 15, Count: 6, Created: time.UnixMilli(1_700_000_000_123), Body: append(at(body, 10), second...)}
	return s, objectstore.KafScale().Encode(s)
}

func TestKafScaleSegments(t *testing.T) {
	t.Parallel()
	s, data := segment(t)
	require.Equal(t, "KAFS\x00\x01\x00\x00", string(data[:8]))
	require.Equal(t, "END!", string(data[len(data)-4:]))
	require.Len(t, data, 32+len(s.Body)+16)
	got, err := objectstore.KafScale().Decode(data)
	require.NoError(t, err)
	require.Equal(t, s, got)
}

func TestKafScaleDecodeIsStrict(t *testing.T) {
	t.Parallel()
	s, data := segment(t)
	layout := objectstore.KafScale()
	encode := func(change func(*objectstore.Segment)) []byte {
		changed := s
		changed.Body = bytes.Clone(s.Body)
		change(&changed)
		return layout.Encode(changed)
	}
	flip := func(at int) []byte {
		b := bytes.Clone(data)
		b[(at+len(b))%len(b)] ^= 0x40
		return b
	}
	for _, test := range []struct {
		data []byte
		want string
	}{
		{nil, "shorter than its header and footer"},
		{data[:47], "shorter than its header and footer"},
		{data[:len(data)-1], "segment ends with"},
		{flip(0), "segment begins with"},
		{flip(5), "segment of version 65"},
		{flip(-1), "segment ends with"},
		{flip(40), "segment body has checksum"},
		{flip(-16), "segment body has checksum"},
		{flip(15), "header and footer say 74 to 15"},
		{flip(-5), "header and footer say 10 to 79"},
		{flip(19), "the header says 70"},
		{encode(func(s *objectstore.Segment) { s.Body[len(s.Body)-1] ^= 1 }), "batch has checksum"},
		{encode(func(s *objectstore.Segment) { copy(s.Body, at(s.Body, 13)) }), "batch at offset 13 follows one that ends at 15"},
		{encode(func(s *objectstore.Segment) { s.Body = nil }), "batches span offsets -1 to -1"},
	} {
		_, err := layout.Decode(test.data)
		require.ErrorContains(t, err, test.want)
	}
}
