package embedded_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/embedded"
	"k6suite/extension/objectstore"
)

// zombieEffects look for what brokers do that were frozen, and have woken up.
var zombieEffects = map[string]func(t *testing.T, c *embedded.Cluster) bool{
	"zombie-acks": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		before, answer := awoken(t, c)
		require.Equal(t, before, valuesOf(read(t, c, "t", 0)))
		require.Equal(t, before, storedValues(t, c))
		if answer.ErrorCode != 0 {
			return false
		}
		require.EqualValues(t, 2, answer.BaseOffset)
		return true
	},
	"zombie-overwrites": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		before, answer := awoken(t, c)
		after := read(t, c, "t", 0)
		require.Len(t, after, len(before))
		require.NoError(t, c.Restart(testContext(t)))
		requireSameLog(t, after, read(t, c, "t", 0))
		if answer.ErrorCode != 0 {
			return false
		}
		require.EqualValues(t, 2, answer.BaseOffset)
		for offset, value := range valuesOf(after) {
			require.Equal(t, offset < 2 || offset >= 5, before[offset] == value, "three records from offset 2 on, over two objects")
		}
		return true
	},
	"overwrite-object": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		ctx := testContext(t)
		sent := traffic(t, c)
		store, err := objectstore.Open(ctx, c.ObjectStore())
		require.NoError(t, err)
		defer store.Close()
		first := objectstore.KafScale().Key(store.Prefix(), "t", 0, 0)
		was, err := store.Get(ctx, first)
		require.NoError(t, err)
		awoken(t, c)
		is := was
		if len(c.LieHits()) > 0 {
			require.Eventually(t, func() bool {
				is, err = store.Get(ctx, first)
				return err != nil || !bytes.Equal(was, is)
			}, deadline, 5*time.Millisecond)
			require.NoError(t, err)
		}
		requireSameLog(t, sent, readFrom(t, c, "t", 0, 0, int64(len(sent)))[:len(sent)])
		return !bytes.Equal(was, is)
	},
}

// awoken freezes the broker that leads t/0 after a batch of two records, has others take over and store batches of two and three, and
// wakes it up. It returns the log as it was before that, and what the zombie answered to a batch of three that had waited in it.
func awoken(t *testing.T, c *embedded.Cluster) (before map[int64]string, answer kmsg.ProduceResponseTopicPartition) {
	t.Helper()
	node := leaderOf(t, c, -1)
	l := dialBroker(t, c, node)
	l.sendBatch(rawBatch(-1, -1, 100, 2))
	requireCode(t, nil, l.answer())
	require.NoError(t, c.Pause(testContext(t), node))
	l.sendBatch(rawBatch(-1, -1, 200, 3))
	next := dialBroker(t, c, leaderOf(t, c, node))
	for _, batch := range [][]byte{rawBatch(-1, -1, 300, 2), rawBatch(-1, -1, 400, 3)} {
		next.sendBatch(batch)
		requireCode(t, nil, next.answer())
	}
	before = storedValues(t, c) // a reader may meet the frozen broker
	require.NoError(t, c.Resume(testContext(t), node))
	return before, l.answer()
}

func valuesOf(records []*kgo.Record) map[int64]string {
	values := map[int64]string{}
	for _, r := range records {
		values[r.Offset] = string(r.Value)
	}
	return values
}

func storedValues(t *testing.T, c *embedded.Cluster) map[int64]string {
	t.Helper()
	values := map[int64]string{}
	for _, r := range stored(t, c) {
		values[r.Offset] = string(r.Value)
	}
	return values
}
