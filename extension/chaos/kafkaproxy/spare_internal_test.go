package kafkaproxy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSpareFramesHaveRoom(t *testing.T) {
	t.Parallel()
	var s spare
	require.Nil(t, s.room(1<<20, false), "nothing is there, and nothing was seen")
	require.Nil(t, s.room(1000, true), "too small to be worth it")
	require.Nil(t, s.room(1<<27, true), "too great to be kept")
	for _, n := range []int{1<<16 - 1, 1 << 16, 1<<16 + 1, 5_000_000, 1 << 26} {
		frame := s.room(n, true)
		require.GreaterOrEqual(t, len(frame), n)
		s.give(frame[:n])
	}
	s.give(make([]byte, 100))
	s.give(nil)
	s.give(make([]byte, 3<<20)) // has no room for 4 MiB
	for range 100 {             // the pool may lose what it is given, but never has what is too small
		if frame := s.room(1<<22, false); frame != nil {
			require.GreaterOrEqual(t, len(frame), 1<<22)
		}
	}
}
