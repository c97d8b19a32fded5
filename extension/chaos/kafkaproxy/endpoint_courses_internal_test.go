package kafkaproxy

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCoursesLetOneBrokerAtATime(t *testing.T) {
	t.Parallel()
	a, b := &backend{}, &backend{}
	var s courses[string]
	all := func(to *backend) func(string) *backend { return func(string) *backend { return to } }
	require.Nil(t, s.enter([]string{"x", "y"}, all(a), nil))
	require.Nil(t, s.enter([]string{"x"}, all(a), nil), "the same broker keeps the order by itself")
	wait := s.enter([]string{"x", "z"}, all(b), nil)
	require.NotNil(t, wait)
	require.Nil(t, s.enter([]string{"z"}, all(a), nil), "who waits has claimed nothing")
	s.leave("x", nil)
	require.NotNil(t, s.enter([]string{"x"}, all(b), nil))
	s.leave("x", nil)
	<-wait
	require.Nil(t, s.enter([]string{"x"}, all(b), nil))
}

func TestABatchDoesNotOvertakeAMissingOne(t *testing.T) {
	t.Parallel()
	a, b := &backend{}, &backend{}
	now := time.Now()
	at := func(producer int64, epoch int16, sequence int32) numbered { return numbered{producer, epoch, sequence} }
	var c course
	require.True(t, c.passes(at(1, 0, 5), b, now, time.Minute))
	c.note(at(1, 0, 5), a, now)
	c.note(at(1, 0, 8), a, now)
	require.False(t, c.passes(at(1, 0, 8), b, now, time.Minute))
	require.True(t, c.passes(at(1, 0, 8), a, now, time.Minute), "who had the missing one sees to that")
	require.False(t, c.passes(at(1, 0, 8), b, now, time.Minute))
	require.True(t, c.passes(at(1, 0, 5), b, now, time.Minute), "it comes again")
	require.True(t, c.passes(at(1, 0, 8), b, now, time.Minute))

	c.note(at(1, 0, 5), nil, now)
	require.True(t, c.passes(at(1, 1, 0), b, now, time.Minute), "the producer begins anew")
	c.note(at(1, 0, 5), nil, now)
	require.True(t, c.passes(at(1, 0, 8), b, now.Add(time.Hour), time.Minute), "it never came again")

	require.True(t, at(1, 0, 2).behind(at(1, 0, math.MaxInt32-1)), "numbers begin again at zero")
	require.False(t, at(1, 0, math.MaxInt32-1).behind(at(1, 0, 2)))
	require.False(t, at(1, 0, 2).behind(at(1, 0, 2)))
	require.False(t, at(1, 0, 9).behind(at(2, 0, 2)))
}
