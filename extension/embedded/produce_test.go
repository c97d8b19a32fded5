package embedded_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/embedded"
)

func TestProducedRecordsComeBack(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{})
	createTopic(t, c, "t", 2, nil)
	sent := produce(t, client(t, c, manual()), "t", 1, 5, 10)
	got := read(t, c, "t", 1)
	require.Len(t, got, len(sent))
	for i, r := range got {
		require.EqualValues(t, i, r.Offset)
		require.EqualValues(t, i, sent[i].Offset)
		require.Equal(t, sent[i].Value, r.Value)
		require.Equal(t, sent[i].Key, r.Key)
		require.Equal(t, sent[i].Headers, r.Headers)
	}
	require.Empty(t, read(t, c, "t", 0))
}
