package s3proxy

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLogKeepsTheLatestAndCountsTheRest(t *testing.T) {
	t.Parallel()
	l := newLog(3)
	first := l.add(Entry{Operation: PutObject, Status: 200, Bucket: "b", Key: "0", End: time.Now()}, nil)
	for i := 1; i < 5; i++ {
		l.add(Entry{Operation: PutObject, Status: 200, Bucket: "b", Key: strconv.Itoa(i), End: time.Now()}, nil)
	}
	l.finish(first, 7, errors.New("too late to be kept")) // must not touch the entry that took the place
	l.finish(4, 9, nil)

	entries := l.Entries()
	require.Len(t, entries, 3)
	require.Equal(t, []string{"2", "3", "4"}, []string{entries[0].Key, entries[1].Key, entries[2].Key})
	require.Equal(t, int64(9), entries[2].Response)
	for _, e := range entries {
		require.Empty(t, e.Err)
	}
	require.Equal(t, int64(2), l.Dropped())
	require.Equal(t, int64(5), l.Total())
	require.Equal(t, map[Count]int64{{PutObject, 200}: 5}, l.Counts())
	_, ok := l.FirstWrite("b", "0")
	require.True(t, ok, "a first write is exact, though its entry was dropped")
}

func TestFirstWriteIsTheFirstThatSucceeded(t *testing.T) {
	t.Parallel()
	l := newLog(10)
	at := func(ms int) time.Time { return l.start.Add(time.Duration(ms) * time.Millisecond) }
	for _, e := range []Entry{
		{Operation: PutObject, Status: 0, End: at(1)},
		{Operation: PutObject, Status: 503, ErrorCode: "SlowDown", End: at(2)},
		{Operation: PutObject, Status: 412, ErrorCode: "PreconditionFailed", End: at(3)},
		{Operation: CompleteMultipartUpload, Status: 200, ErrorCode: "InternalError", End: at(4)},
		{Operation: "PutObjectAcl", Status: 200, End: at(5)},
		{Operation: UploadPart, Status: 200, End: at(6)},
		{Operation: GetObject, Status: 200, End: at(7)},
	} {
		e.Bucket, e.Key = "b", "k"
		l.add(e, nil)
		_, ok := l.FirstWrite("b", "k")
		require.False(t, ok, "%+v", e)
	}
	l.add(Entry{Operation: PutObject, Status: 200, Bucket: "b", Key: "k", End: at(20)}, nil)
	l.add(Entry{Operation: CopyObject, Status: 200, Bucket: "b", Key: "k", End: at(10)}, nil) // answered earlier, entered later
	l.add(Entry{Operation: PutObject, Status: 200, Bucket: "b", Key: "k", End: at(30)}, nil)

	first, ok := l.FirstWrite("b", "k")
	require.True(t, ok)
	require.True(t, first.Equal(at(10)))
	require.Equal(t, 3, l.Writes("b", "k"))
	_, other := l.FirstWrite("c", "k")
	require.False(t, other)
}
