package kafkaproxy

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/internal/recordbatch"
)

// sequenced is the header of a batch of an idempotent producer.
func sequenced(id int64, epoch int16, sequence int32, n int) recordbatch.Batch {
	b := make(recordbatch.Batch, recordbatch.HeaderBytes)
	binary.BigEndian.PutUint32(b[23:], uint32(n-1))
	binary.BigEndian.PutUint64(b[43:], uint64(id))
	binary.BigEndian.PutUint16(b[51:], uint16(epoch))
	binary.BigEndian.PutUint32(b[53:], uint32(sequence))
	return b
}

func TestNumberingClosesGaps(t *testing.T) {
	t.Parallel()
	at, n := TopicPartition{"t", 0}, &numbering{}
	n.init()
	batch := func(sequence int32, records int) recordbatch.Batch { return sequenced(7, 0, sequence, records) }
	require.EqualValues(t, 10, n.pass(batch(10, 5), at), "who is not watched keeps his numbers")
	n.watch(batch(15, 5), at)
	require.False(t, n.through(batch(15, 5), at))
	require.EqualValues(t, 15, n.pass(batch(15, 5), at))
	require.True(t, n.through(batch(15, 5), at))
	n.drop(batch(20, 5), at, 5, nil)
	n.drop(batch(25, 3), at, 1, &matcher{})
	require.EqualValues(t, 20, n.pass(batch(25, 2), at), "what is left of the batch")
	require.EqualValues(t, 22, n.pass(batch(28, 2), at))
	require.EqualValues(t, 15, n.pass(batch(15, 5), at), "sent again")
	g, ok := n.again(batch(20, 5), at)
	require.True(t, ok)
	require.Nil(t, g.matcher)
	g, ok = n.again(batch(25, 3), at)
	require.True(t, ok)
	require.NotNil(t, g.matcher)
	_, ok = n.again(batch(28, 2), at)
	require.False(t, ok)
	require.EqualValues(t, 28, n.pass(batch(28, 2), TopicPartition{"t", 1}), "another partition")
	require.EqualValues(t, 28, n.pass(sequenced(8, 0, 28, 2), at), "another producer")
	n.prune()
	require.True(t, n.used())
	require.EqualValues(t, 0, n.pass(sequenced(7, 1, 0, 2), at), "a new epoch begins anew")
	require.EqualValues(t, 28, n.pass(batch(28, 2), at), "an old epoch is the broker's to refuse")
	n.prune()
	require.False(t, n.used())
}

func TestNumberingGoesRoundAndForgets(t *testing.T) {
	t.Parallel()
	at, n := TopicPartition{"t", 0}, &numbering{}
	n.init()
	last := int32(math.MaxInt32)
	n.watch(sequenced(1, 0, last-1, 4), at)
	n.drop(sequenced(1, 0, last-1, 4), at, 4, nil) // the last two numbers, and 0 and 1
	require.True(t, n.through(sequenced(1, 0, last-1, 4), at))
	require.Equal(t, last-1, n.pass(sequenced(1, 0, 2, 1), at))
	require.Equal(t, last, n.pass(sequenced(1, 0, 3, 1), at))
	require.EqualValues(t, 0, n.pass(sequenced(1, 0, 4, 1), at))
	for i := range int32(2 * maxGaps) {
		n.drop(sequenced(1, 0, 5+i, 1), at, 1, nil)
	}
	require.EqualValues(t, 1, n.pass(sequenced(1, 0, 5+2*maxGaps, 1), at))
	_, ok := n.again(sequenced(1, 0, 5, 1), at)
	require.False(t, ok)
}
