package storm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/kafka"
	"k6suite/extension/kafka/storm"
)

func run(t *testing.T, plan storm.Plan) storm.Report {
	t.Helper()
	r, err := storm.Run(t.Context(), kafka.Config{}, plan, func(storm.Counts) {})
	require.NoError(t, err)
	require.Empty(t, r.Ours)
	require.Zero(t, r.Counts.Open, "all are closed")
	return r
}

func TestStagesOpenWhatTheyAreAskedFor(t *testing.T) {
	t.Parallel()
	s := serve(t)
	plan := s.plan(50, 200)
	plan.Again = true
	r := run(t, plan)
	require.Len(t, r.Stages, 2)
	require.Equal(t, 50, r.Stages[0].Open)
	require.Equal(t, 200, r.Stages[1].Open)
	require.Equal(t, int64(150), r.Stages[1].Counts.Accepted)
	require.Equal(t, 200, r.Again.Open)
	require.Equal(t, storm.Counts{Tried: 400, Accepted: 400}, r.Counts)
	require.Eventually(t, func() bool { return s.open.Load() == 0 }, time.Minute, time.Millisecond)
}

func TestConnectionsComeAndGo(t *testing.T) {
	t.Parallel()
	s := serve(t)
	plan := s.plan(100)
	plan.Hold, plan.Churn, plan.HalfOpen, plan.Slow, plan.Beat = 2*time.Second, 0.5, 0.1, 0.2, 200*time.Millisecond
	r := run(t, plan)
	require.Equal(t, 100, r.Stages[0].Open)
	require.Positive(t, r.Counts.Churned)
	require.Equal(t, int64(100)+r.Counts.Churned, r.Counts.Accepted, "each that was closed came back")
	require.Equal(t, int64(10), r.Counts.HalfOpen)
	require.Zero(t, r.Counts.HalfOpenEnded)
	require.Positive(t, r.Counts.Slow)
	require.Zero(t, r.Counts.Lost, "who closes one has not lost it")
}

func TestALimitTurnsConnectionsDown(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.limit.Store(30)
	plan := s.plan(100)
	plan.Over = 2 * time.Second
	r := run(t, plan)
	require.Equal(t, 30, r.Stages[0].Open)
	require.Equal(t, 70, r.Stages[0].TurnedDown)
	require.Zero(t, r.Stages[0].Unfinished)
	require.Positive(t, r.Counts.Closed+r.Counts.Reset)
	require.NotEmpty(t, r.Stages[0].Turned)
}

func TestOpenConnectionsThatEndAreLost(t *testing.T) {
	t.Parallel()
	s := serve(t)
	plan := s.plan(40)
	plan.Hold, plan.Beat = 4*time.Second, 50*time.Millisecond
	go func() {
		for s.again.Load() < 40 {
			time.Sleep(time.Millisecond)
		}
		s.drop(7)
	}()
	r := run(t, plan)
	require.Equal(t, int64(7), r.Stages[0].Counts.Lost)
	require.NotEmpty(t, r.Stages[0].LostWhy)
	require.Equal(t, 40, r.Stages[0].Open, "they come back")
}

func TestWhatIsNoAnswerFails(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.babble.Store(true)
	plan := s.plan(3)
	plan.Over = 500 * time.Millisecond
	r := run(t, plan)
	require.Zero(t, r.Stages[0].Open)
	require.Positive(t, r.Counts.Failed)
	require.Contains(t, r.Stages[0].Turned, "no answer to ApiVersions")
}

func TestWithoutAnswerNobodyIsBlamedAtOnce(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.deaf.Store(true)
	plan := s.plan(3)
	plan.Over = 200 * time.Millisecond
	r := run(t, plan)
	require.Equal(t, 3, r.Stages[0].Unfinished, "the answers were not late yet")
	require.Zero(t, r.Stages[0].TurnedDown)
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	s := serve(t)
	plan := s.plan(5)
	require.NoError(t, s.listener.Close())
	plan.Over = 500 * time.Millisecond
	r := run(t, plan)
	require.Equal(t, 5, r.Stages[0].TurnedDown)
	require.Positive(t, r.Counts.Refused)
	require.Contains(t, r.Stages[0].Turned, "refused")
}

func TestWhatThisSideLacksIsNotTheClusters(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for missing, plan := range map[string]storm.Plan{
		"ulimit -n 100000128 ":               s.plan(100_000_000),
		"net.ipv4.ip_local_port_range (now ": s.plan(70_000),
	} {
		if strings.HasPrefix(missing, "net") && storm.Room(70_000) != nil {
			missing = "ulimit -n 70128 " // which is looked at first
		}
		r, err := storm.Run(t.Context(), kafka.Config{}, plan, func(storm.Counts) {})
		require.NoError(t, err)
		require.Contains(t, r.Ours, missing)
		require.Empty(t, r.Stages)
	}
	require.Zero(t, s.accepted.Load())
}

func TestAPlanMustMakeSense(t *testing.T) {
	t.Parallel()
	good := storm.Plan{Addresses: []string{"127.0.0.1:1"}, Stages: []int{1}, Over: time.Second}
	for want, change := range map[string]func(*storm.Plan){
		"no addresses": func(p *storm.Plan) { p.Addresses = nil },
		"stages []":    func(p *storm.Plan) { p.Stages = nil },
		"stages [2 1]": func(p *storm.Plan) { p.Stages = []int{2, 1} },
		"stages [0]":   func(p *storm.Plan) { p.Stages = []int{0} },
		"over 0s":      func(p *storm.Plan) { p.Over = 0 },
		"churn 2":      func(p *storm.Plan) { p.Churn = 2 },
		"halfOpen -1":  func(p *storm.Plan) { p.HalfOpen = -1 },
	} {
		plan := good
		change(&plan)
		_, err := storm.Run(t.Context(), kafka.Config{}, plan, func(storm.Counts) {})
		require.ErrorContains(t, err, want)
	}
}

// lines are written by the process that storms.
func lines(t *testing.T, in io.Reader) (first, last map[string]any) {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, storm.Serve(t.Context(), kafka.Config{}, in, &out))
	for decoder := json.NewDecoder(&out); ; {
		var line map[string]any
		if err := decoder.Decode(&line); err != nil {
			require.ErrorIs(t, err, io.EOF)
			return first, last
		}
		if first == nil {
			first = line
		}
		last = line
	}
}

func TestAProcessStorms(t *testing.T) {
	t.Parallel()
	s := serve(t)
	text, err := json.Marshal(s.plan(10))
	require.NoError(t, err)
	in, stdin := io.Pipe()
	defer stdin.Close()
	go func() { _, _ = stdin.Write(append(text, '\n')) }()
	first, last := lines(t, in)
	require.Contains(t, first, "counts")
	require.Contains(t, last, "report")
}

func TestAProcessEndsWithWhoStartedIt(t *testing.T) {
	t.Parallel()
	s := serve(t)
	plan := s.plan(10)
	plan.Hold = time.Hour
	text, err := json.Marshal(plan)
	require.NoError(t, err)
	in, stdin := io.Pipe()
	go func() {
		_, _ = stdin.Write(text)
		for s.open.Load() < 10 {
			time.Sleep(time.Millisecond)
		}
		_ = stdin.Close()
	}()
	_, last := lines(t, in)
	require.Contains(t, last, "report")
}

func TestAWrongPlanIsSaid(t *testing.T) {
	t.Parallel()
	_, last := lines(t, strings.NewReader(`{"stages":[1]}`))
	require.Contains(t, last["error"], "no addresses")
}

func TestAProcessThatEndsWithoutAReportIsAnError(t *testing.T) {
	t.Parallel()
	_, err := storm.Command{Path: "/bin/sh", Args: []string{"-c", "echo no room >&2; exit 7"}}.Run(
		context.Background(), storm.Plan{}, func(storm.Counts) {})
	require.ErrorContains(t, err, "exit status 7")
	require.ErrorContains(t, err, "no room")
}
