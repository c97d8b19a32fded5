package graph_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/internal/graph"
)

// chunked is a value that gives its binary form in pieces.
type chunked struct{ chunks [][]byte }

func (c *chunked) MarshalBinary() ([]byte, error) { return bytes.Join(c.chunks, nil), nil }

func (c *chunked) UnmarshalBinary(data []byte) error {
	c.chunks = [][]byte{bytes.Clone(data)}
	return nil
}

func (c *chunked) MarshalPieces() (length uint64, visit func(emit func([]byte)) error) {
	for _, chunk := range c.chunks {
		length += uint64(len(chunk))
	}
	return length, func(emit func([]byte)) error {
		for _, chunk := range c.chunks {
			if chunk == nil {
				return errGone
			}
			emit(chunk)
		}
		return nil
	}
}

var errGone = errors.New("a piece is gone")

type large struct {
	words []string
	log   chunked
	last  string
}

func newLarge() *large {
	v := &large{last: "end"}
	for range 3000 {
		v.words = append(v.words, strings.Repeat("word", 30))
		v.log.chunks = append(v.log.chunks, bytes.Repeat([]byte("c"), 100))
	}
	return v
}

// bounded fails once it has taken so many bytes, and remembers the longest piece.
type bounded struct {
	bytes.Buffer

	room, longest int
}

var errFull = errors.New("full")

func (b *bounded) Write(p []byte) (int, error) {
	b.longest = max(b.longest, len(p))
	if b.Len()+len(p) > b.room {
		return 0, errFull
	}
	return b.Buffer.Write(p) //nolint:wrapcheck // it has no errors
}

func TestAStreamIsTheSamePieceByPiece(t *testing.T) {
	t.Parallel()
	since := time.Now()
	whole, err := graph.Append(nil, newLarge(), since)
	require.NoError(t, err)
	to := &bounded{room: 1 << 30}
	length, err := graph.Stream(to, newLarge(), since)
	require.NoError(t, err)
	require.EqualValues(t, len(whole), length)
	require.True(t, bytes.Equal(whole, to.Bytes()))
	require.Less(t, to.longest, 70<<10)
	again := &large{}
	require.NoError(t, graph.Read(to.Bytes(), again, since))
	require.Equal(t, "end", again.last)
}

func TestAStreamThatCannotGoOnSaysWhy(t *testing.T) {
	t.Parallel()
	for _, room := range []int{0, 100 << 10, 600 << 10} {
		_, err := graph.Stream(&bounded{room: room}, newLarge(), time.Now())
		require.ErrorIs(t, err, errFull, room)
	}
	v := newLarge()
	v.log.chunks[2000] = nil
	_, err := graph.Stream(&bounded{room: 1 << 30}, v, time.Now())
	require.ErrorIs(t, err, errGone)
}
