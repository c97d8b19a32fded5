package objectstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/objectstore"
)

func TestSegmentsAreListedWithTheirETags(t *testing.T) {
	t.Parallel()
	server, err := objectstore.Serve(objectstore.ServeOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	store, err := objectstore.Open(t.Context(), objectstore.Config{
		Endpoint: server.URL(), Bucket: "data", Prefix: "ns", Layout: objectstore.KafScaleLayout, CreateBucket: true,
	})
	require.NoError(t, err)
	t.Cleanup(store.Close)
	key := func(topic string, base int64) string { return store.Layout().Key("ns", topic, 0, base) }
	for base, body := range map[int64]string{10: "later", 0: "sooner"} {
		require.NoError(t, store.Put(t.Context(), key("mine", base), []byte(body)))
	}
	require.NoError(t, store.Put(t.Context(), key("other", 0), []byte("x")))

	before, err := objectstore.Segments(t.Context(), store, "mine")
	require.NoError(t, err)
	require.Len(t, before, 2)
	require.Equal(t, []int64{0, 10}, []int64{before[0].Base, before[1].Base})
	require.Equal(t, []int64{6, 5}, []int64{before[0].Size, before[1].Size})

	require.NoError(t, store.Put(t.Context(), key("mine", 0), []byte("SOONER")))
	after, err := objectstore.Segments(t.Context(), store, "mine")
	require.NoError(t, err)
	require.NotEqual(t, before[0].ETag, after[0].ETag, "it was overwritten")
	require.Equal(t, before[1].ETag, after[1].ETag)

	all, err := objectstore.Segments(t.Context(), store)
	require.NoError(t, err)
	require.Len(t, all, 3)
	for _, err := range store.Versions(t.Context(), "ns/") {
		require.ErrorContains(t, err, "NotImplemented", "this store keeps no versions, and says so")
	}
}
