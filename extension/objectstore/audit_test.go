package objectstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/objectstore"
)

// fill writes segments of three records each to partitions of topics, and returns how many records.
func fill(t testing.TB, store *objectstore.Store, topics []string, partitions, segments int) (records int) {
	t.Helper()
	body := produced(t, someRecords(3))
	layout := store.Layout()
	for _, topic := range topics {
		for p := range int32(partitions) {
			for i := range int64(segments) {
				s := objectstore.Segment{Base: 3 * i, Last: 3*i + 2, Count: 3, Created: time.Now(), Body: at(body, 3*i)}
				key := layout.Key(store.Prefix(), topic, p, s.Base)
				require.NoError(t, store.Put(t.Context(), key, layout.Encode(s)))
				require.NoError(t, store.Put(t.Context(), key[:len(key)-4]+".index", []byte("index")))
				records += 3
			}
		}
	}
	return records
}

func prefixed(t *testing.T, prefix string) *objectstore.Store {
	t.Helper()
	return open(t, objectstore.Config{
		Endpoint: serve(t, objectstore.ServeOptions{}).URL(), Bucket: "data", CreateBucket: true, Prefix: prefix,
	})
}

func TestAuditReadsEverySegmentInOrder(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "default", "/a/b/"} {
		store := prefixed(t, prefix)
		want := fill(t, store, []string{"topic", "topic-2"}, 3, 12)
		require.NoError(t, store.Put(t.Context(), "elsewhere/x", nil))

		var mu sync.Mutex
		next := map[string]int64{}
		options := objectstore.AuditOptions{Topics: []string{"topic", "topic-2", "topic"}, Parallel: 3}
		summary, err := objectstore.Audit(t.Context(), store, options,
			func(object objectstore.AuditObject, records []objectstore.Record) error {
				mu.Lock()
				defer mu.Unlock()
				id := fmt.Sprint(object.Topic, "/", object.Partition)
				if object.Base != next[id] || object.Last != object.Base+2 || object.ETag == "" || object.Size == 0 {
					return fmt.Errorf("want offset %d, got %+v", next[id], object)
				}
				for i, record := range records {
					if record.Offset != object.Base+int64(i) {
						return fmt.Errorf("offset %d", record.Offset)
					}
				}
				next[id] = object.Last + 1
				return nil
			})
		require.NoError(t, err)
		require.Equal(t, int64(want), summary.Records)
		require.Equal(t, 72, summary.Objects)
		require.Equal(t, 6, summary.Partitions)
		require.Equal(t, 72, summary.Companions)
		require.Empty(t, summary.Strangers)
		require.Len(t, next, 6)
	}
}

func none(objectstore.AuditObject, []objectstore.Record) error { return nil }

func TestAuditOfAllTopics(t *testing.T) {
	t.Parallel()
	store := prefixed(t, "default")
	want := fill(t, store, []string{"a", "b"}, 1, 1)
	require.NoError(t, store.Put(t.Context(), "default/notes.txt", nil))
	require.NoError(t, store.Put(t.Context(), "default/deeper/a/0/segment-00000000000000000000.kfs", nil)) // of another prefix
	require.NoError(t, store.Put(t.Context(), "default-2/a/0/segment-00000000000000000000.kfs", nil))
	summary, err := objectstore.Audit(t.Context(), store, objectstore.AuditOptions{}, none)
	require.NoError(t, err)
	require.Equal(t, int64(want), summary.Records)
	require.Equal(t, []string{"default/deeper/a/0/segment-00000000000000000000.kfs", "default/notes.txt"}, summary.Strangers)

	summary, err = objectstore.Audit(t.Context(), store, objectstore.AuditOptions{Topics: []string{"b"}}, none)
	require.NoError(t, err)
	require.Equal(t, int64(want/2), summary.Records)

	summary, err = objectstore.Audit(t.Context(), store, objectstore.AuditOptions{Topics: []string{"c"}}, none)
	require.NoError(t, err)
	require.Zero(t, summary.Objects)
}

func TestAuditGoesOnAfterACorruptSegment(t *testing.T) {
	t.Parallel()
	store := prefixed(t, "default")
	want := fill(t, store, []string{"topic"}, 2, 3)
	torn, moved := store.Layout().Key("default", "topic", 0, 3), store.Layout().Key("default", "topic", 1, 100)
	data, err := store.Get(t.Context(), torn)
	require.NoError(t, err)
	require.NoError(t, store.Put(t.Context(), moved, data)) // sound, but not what its key says
	require.NoError(t, store.Put(t.Context(), torn, data[:60]))

	summary, err := objectstore.Audit(t.Context(), store, objectstore.AuditOptions{}, none)
	var corrupt *objectstore.CorruptError
	require.ErrorAs(t, err, &corrupt)
	require.ErrorContains(t, err, "segment "+torn+": segment ends with")
	require.ErrorContains(t, err, "segment "+moved+": begins at offset 3: its key says 100")
	require.Len(t, summary.Corrupt, 2)
	require.Equal(t, torn, summary.Corrupt[0].Key)
	require.Equal(t, int32(1), summary.Corrupt[1].Partition)
	require.Equal(t, int64(want-3), summary.Records, "all that is sound was read")
}

func TestAuditThatCannotReadIsNoAudit(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	fill(t, store, []string{"topic"}, 1, 2)
	stop := errors.New("stop")
	fails := func(objectstore.AuditObject, []objectstore.Record) error { return stop }
	_, err := objectstore.Audit(t.Context(), store, objectstore.AuditOptions{}, fails)
	require.ErrorIs(t, err, stop)
	require.ErrorContains(t, err, "topic/0/segment-00000000000000000000.kfs")

	vanishes := func(objectstore.AuditObject, []objectstore.Record) error {
		return store.Delete(t.Context(), store.Layout().Key("", "topic", 0, 3))
	}
	_, err = objectstore.Audit(t.Context(), store, objectstore.AuditOptions{}, vanishes)
	require.ErrorIs(t, err, objectstore.ErrNotFound)
	require.ErrorContains(t, err, "segment-00000000000000000003.kfs")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = objectstore.Audit(ctx, store, objectstore.AuditOptions{}, none)
	require.ErrorIs(t, err, context.Canceled)
}

// BenchmarkAudit reads a bucket of 100 segments with 1,000 records of 200 bytes each.
func BenchmarkAudit(b *testing.B) {
	store := newStore(b)
	records := make([]*kgo.Record, 1000)
	for i := range records {
		records[i] = &kgo.Record{Value: make([]byte, 200), Headers: []kgo.RecordHeader{{Key: "id", Value: make([]byte, 16)}}}
	}
	body := produced(b, records, kgo.ProducerBatchCompression(kgo.NoCompression()))
	for i := range int64(100) {
		s := objectstore.Segment{Base: 1000 * i, Last: 1000*i + 999, Count: 1000, Body: at(body, 1000*i)}
		require.NoError(b, store.Put(b.Context(), store.Layout().Key("", "topic", int32(i%4), s.Base), store.Layout().Encode(s)))
	}
	for b.Loop() {
		summary, err := objectstore.Audit(b.Context(), store, objectstore.AuditOptions{}, none)
		require.NoError(b, err)
		require.Equal(b, int64(100_000), summary.Records)
	}
	b.ReportMetric(100_000*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
