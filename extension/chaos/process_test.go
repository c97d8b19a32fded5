package chaos_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos"
	"k6suite/extension/chaos/platform"
)

func TestABrokerThatIsKilledComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newFake(3)
		c, told := onFleet(t, p)
		h := inject(t, c, `{"broker": 2, "action": "kill", "for": "10s"}`)
		require.Equal(t, int64(1), h.Hits(), "it has acted when it is there")
		require.Equal(t, []string{"began", "2 dead"}, told.all())
		require.Equal(t, []string{"killed broker 2 (127.0.0.1:9002)"}, h.Took())
		time.Sleep(9 * time.Second)
		require.Equal(t, []string{"kill 2"}, p.did())
		<-h.Done()
		require.Equal(t, []string{"kill 2", "start 2"}, p.did())
		require.Equal(t, []string{"began", "2 dead", "2 running", "ended"}, told.all())
		require.Equal(t, 10*time.Second, h.Ended().Sub(h.Began()))
		require.NoError(t, h.Err())
		require.Equal(t, chaos.Processes, h.Family())
		require.Equal(t, chaos.NoErrors, h.Excuses())
		require.Equal(t, "kill", h.Action())
		require.JSONEq(t, `{"broker": 2, "action": "kill", "for": "10s"}`, string(h.Spec()))
		require.Empty(t, h.Effects())
		require.False(t, h.Ambiguous())
		require.False(t, h.Outage())
	})
}

func TestWhatFaultsDoToBrokers(t *testing.T) {
	t.Parallel()
	for spec, want := range map[string][]string{
		`{"broker": 1, "action": "stop", "for": "1s"}`:                                  {"stop 1", "start 1"},
		`{"broker": 1, "action": "pause", "for": "1s"}`:                                 {"pause 1", "resume 1"},
		`{"broker": 1, "action": "kill", "signal": "SIGKILL", "for": "1s"}`:             {"kill 1", "start 1"},
		`{"broker": 1, "action": "restart"}`:                                            {"kill 1", "start 1"},
		`{"broker": 1, "action": "restart", "graceful": true}`:                          {"stop 1", "start 1"},
		`{"broker": {"leaderOf": {"topic": "t", "partition": 0}}, "action": "restart"}`: {"kill 2", "start 2"},
		`{"broker": {"coordinatorOf": "g"}, "action": "restart"}`:                       {"kill 3", "start 3"},
		`{"broker": "controller", "action": "kill", "for": "1s"}`:                       {"kill 1", "start 1"},
		`{"broker": 1, "action": "kill", "for": "1s", "times": 2, "every": "5s"}`:       {"kill 1", "start 1", "kill 1", "start 1"},
		`{"action": "roll"}`: {"stop 1", "start 1", "stop 2", "start 2", "stop 3", "start 3"},
		`{"broker": "all", "action": "roll", "graceful": false, "pause": "0s"}`: {"kill 1", "start 1", "kill 2", "start 2", "kill 3", "start 3"},
		`{"action": "scale", "brokers": 5}`:                                     {"add 4", "add 5"},
		`{"action": "scale", "brokers": 1}`:                                     {"remove 3", "remove 2"},
		`{"action": "scale", "brokers": 4, "for": "1s"}`:                        {"add 4", "remove 4"},
		`{"broker": 1, "action": "restart", "times": 6, "every": "1s", "probability": 0.5, "seed": 3}`: {
			"kill 1", "start 1", "kill 1", "start 1",
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newFake(3)
			c, _ := onFleet(t, p)
			h := inject(t, c, spec)
			<-h.Done()
			require.Equal(t, want, p.did(), spec)
			require.NoError(t, h.Err())
		})
	}
}

func TestAllAreTakenAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newFake(3)
		c, told := onFleet(t, p)
		p.before = func(string) { require.Subset(t, told.all(), []string{"1 dead all", "2 dead all", "3 dead all"}) }
		h := inject(t, c, `{"broker": "all", "action": "kill", "for": "2s"}`)
		require.Equal(t, int64(3), h.Hits())
		require.Equal(t, []string{"began", "1 dead all", "2 dead all", "3 dead all"}, told.all())
		<-h.Done()
		require.ElementsMatch(t, []string{"kill 1", "kill 2", "kill 3", "start 1", "start 2", "start 3"}, p.did())
	})
}

func TestFollowersAreTakenAtOnceAsFarAsTheyRun(t *testing.T) {
	t.Parallel()
	const followers = `{"broker": {"followersOf": {"topic": "t", "partition": 0}}, "action": "pause", "for": "1s"}`
	synctest.Test(t, func(t *testing.T) {
		p := newFake(4)
		c, told := onFleet(t, p)
		h := inject(t, c, followers)
		require.Equal(t, int64(2), h.Hits())
		require.Equal(t, []string{"began", "1 paused", "3 paused"}, told.all())
		<-h.Done()
		require.ElementsMatch(t, []string{"pause 1", "pause 3", "resume 1", "resume 3"}, p.did())
		require.NoError(t, h.Err())
	})
	synctest.Test(t, func(t *testing.T) {
		p := newFake(4)
		p.states[1] = platform.Dead
		c, _ := onFleet(t, p)
		<-inject(t, c, followers).Done()
		require.Equal(t, []string{"pause 3", "resume 3"}, p.did(), "who is dead is left out")
	})
}

func TestTheLastBrokerIsToldToBeTheLast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, told := onFleet(t, newFake(2))
		inject(t, c, `{"broker": 1, "action": "pause"}`)
		inject(t, c, `{"broker": "any", "action": "kill", "for": "1s"}`)
		time.Sleep(2 * time.Second)
		require.Equal(t, []string{"began", "1 paused", "began", "2 dead all", "2 running", "ended"}, told.all())
		c.Heal()
		require.Equal(t, []string{"1 running", "ended"}, told.all()[6:])
	})
}

func TestAnyGoesByTheSeed(t *testing.T) {
	t.Parallel()
	pick := func(spec string) (all []string) {
		p := newFake(5)
		c, _ := onFleet(t, p)
		for range 4 {
			inject(t, c, spec).Stop()
		}
		return slices.DeleteFunc(p.did(), func(what string) bool { return strings.HasPrefix(what, "start") })
	}
	free := pick(`{"broker": "any", "action": "kill"}`)
	require.Equal(t, free, pick(`{"broker": "any", "action": "kill"}`))
	require.Greater(t, len(slices.Compact(slices.Sorted(slices.Values(free)))), 1, "not always the same")
	seeded := pick(`{"broker": "any", "action": "kill", "seed": 7}`)
	require.Len(t, slices.Compact(seeded), 1, "the same seed, the same broker")
}

func TestNoTwoFaultsTakeOneBroker(t *testing.T) {
	t.Parallel()
	p := newFake(20)
	c, _ := onFleet(t, p)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			action := []string{"kill", "pause", "stop"}[i%3]
			if _, err := c.Inject(t.Context(), []byte(`{"broker": "any", "action": "`+action+`"}`)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	_, err := c.Inject(t.Context(), []byte(`{"broker": "any", "action": "kill"}`))
	require.ErrorContains(t, err, "kill: no broker is running that could be taken (there are: 1 ")
	c.Heal()
	require.Len(t, p.did(), 40)
	for _, h := range c.Handles() {
		require.NoError(t, h.Err())
		require.Equal(t, int64(1), h.Hits())
	}
}

func TestWhatCannotBeSelectedIsAnError(t *testing.T) {
	t.Parallel()
	p := newFake(3)
	p.states[3] = platform.Dead
	c, told := onFleet(t, p)
	held := inject(t, c, `{"broker": 1, "action": "pause"}`)
	for spec, want := range map[string]string{
		`{"broker": 7, "action": "kill"}`:                           "there is no broker 7 (there are: 1 paused, 2 running, 3 dead)",
		`{"broker": 3, "action": "kill"}`:                           "broker 3 is not running",
		`{"broker": 1, "action": "kill"}`:                           "broker 1 is held by another fault",
		`{"broker": {"coordinatorOf": "g"}, "action": "kill"}`:      "broker 3 is not running",
		`{"broker": {"coordinatorOf": "nobody"}, "action": "kill"}`: "the coordinator of group nobody: there is no group nobody",

		`{"broker": {"leaderOf": {"topic": "u", "partition": 4}}, "action": "kill"}`: "the leader of u/4: there is no topic u",

		`{"broker": {"followersOf": {"topic": "u"}}, "action": "pause"}`:      "the followers of u/0: there is no topic u",
		`{"broker": {"followersOf": {"topic": "single"}}, "action": "pause"}`: "the followers of single/0: it has none: there is one copy of it",
		`{"broker": {"followersOf": {"topic": "t"}}, "action": "pause"}`:      "no broker is running that could be taken (there are: 1 paused,",
		`{"broker": "controller", "action": "pause"}`:                         "broker 1 is held by another fault",

		`{"action": "scale", "brokers": 2}`:            "there are 2 brokers already: nothing to add or to remove",
		`{"api": "Produce", "action": "drop"}`:         "no proxy",
		`{"storage": "PutObject", "action": "refuse"}`: "no storage",
	} {
		_, err := c.Inject(t.Context(), []byte(spec))
		require.ErrorContains(t, err, want, spec)
	}
	require.Equal(t, []*chaos.Handle{held}, c.Handles())
	require.Equal(t, []string{"began", "1 paused"}, told.all(), "what is refused never began")

	blind := chaos.New(chaos.Options{Platform: newFake(1), WithoutPlatform: errors.New("x")})
	defer blind.Close()
	_, err := blind.Inject(t.Context(), []byte(`{"broker": {"coordinatorOf": "g"}, "action": "kill"}`))
	require.ErrorContains(t, err, "nothing here can tell leaders and coordinators")
	none := chaos.New(chaos.Options{WithoutPlatform: errors.New("no platform: do this")})
	defer none.Close()
	_, err = none.Inject(t.Context(), []byte(`{"action": "roll"}`))
	require.EqualError(t, err, "no platform: do this")
}

func TestWhatThePlatformCannotDoIsRefused(t *testing.T) {
	t.Parallel()
	p := newFake(3)
	p.can = []platform.Change{platform.CanKill, platform.CanStart, platform.CanAdd}
	c, _ := onFleet(t, p)
	for spec, want := range map[string]string{
		`{"broker": 1, "action": "stop"}`:   "stop: the platform cannot do this: platform fake cannot stop a broker; it can kill, start, add",
		`{"broker": 1, "action": "pause"}`:  "cannot pause a broker",
		`{"action": "roll"}`:                "cannot stop a broker",
		`{"action": "scale", "brokers": 9}`: "cannot remove a broker",
	} {
		_, err := c.Inject(t.Context(), []byte(spec))
		require.ErrorIs(t, err, platform.ErrCannot)
		require.ErrorContains(t, err, want)
	}
	inject(t, c, `{"action": "roll", "graceful": false, "pause": "0s"}`)
}

func TestABrokerThatDoesNotComeBackIsInTheError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newFake(2)
		p.broken["start 1"] = errors.New("its port is taken")
		p.slow["start 2"] = time.Hour
		c, told := onFleet(t, p)
		h := inject(t, c, `{"broker": "all", "action": "kill", "for": "1s"}`)
		<-h.Done()
		require.Equal(t, 31*time.Second, h.Ended().Sub(h.Began()))
		require.ErrorContains(t, h.Err(), "broker 1 did not come back (waited 0s): its port is taken; its last log lines:\n  broker 1: no luck")
		require.ErrorContains(t, h.Err(), "broker 2 did not come back (waited 30s): context deadline exceeded")
		require.Equal(t, []string{"began", "1 dead all", "2 dead all", "ended"}, told.all())
	})
}

func TestAFaultThatNeverActsIsNone(t *testing.T) {
	t.Parallel()
	p := newFake(2)
	p.broken["kill 1"] = errors.New("no such process")
	p.broken["add 3"] = errors.New("there are no spares")
	c, told := onFleet(t, p)
	_, err := c.Inject(t.Context(), []byte(`{"broker": 1, "action": "kill"}`))
	require.ErrorContains(t, err, "broker 1 could not be killed: no such process; its last log lines:")
	require.Equal(t, []string{"began", "1 dead", "1 running", "ended"}, told.all())
	_, err = c.Inject(t.Context(), []byte(`{"action": "scale", "brokers": 4}`))
	require.ErrorContains(t, err, "a broker could not be added (waited 0s): there are no spares")
	require.Empty(t, c.Handles())

	h := inject(t, c, `{"broker": "all", "action": "kill"}`)
	require.Equal(t, int64(1), h.Hits(), "one is something")
	require.ErrorContains(t, h.Err(), "broker 1 could not be killed")
}

func TestARollEndsWithABrokerThatDoesNotComeBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newFake(3)
		p.broken["start 2"] = errors.New("no")
		c, _ := onFleet(t, p)
		h := inject(t, c, `{"action": "roll"}`)
		_, err := c.Inject(t.Context(), []byte(`{"action": "scale", "brokers": 4}`))
		require.ErrorContains(t, err, "scale: a roll of the brokers is at work: wait until it has ended")
		<-h.Done()
		require.Equal(t, []string{"stop 1", "start 1", "stop 2", "start 2"}, p.did())
		require.ErrorContains(t, h.Err(), "broker 2 did not come back")
	})
}

func TestARollLeavesOutWhomAnotherFaultHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newFake(2)
		p.slow["start 1"] = time.Second
		c, _ := onFleet(t, p)
		h := inject(t, c, `{"action": "roll"}`)
		synctest.Wait() // until broker 1 is about to come back
		inject(t, c, `{"broker": 2, "action": "pause"}`)
		<-h.Done()
		require.Equal(t, []string{"stop 1", "start 1", "pause 2"}, p.did())
		require.Equal(t, []string{
			"stopped broker 1 (127.0.0.1:9001)", "left broker 2 out: broker 2 is held by another fault (there are: 1 running, 2 paused)",
		}, h.Took())
		require.Equal(t, int64(1), h.Hits())
	})
}

func TestTheNumberOfBrokersIsRestored(t *testing.T) {
	t.Parallel()
	p := newFake(1)
	c, told := onFleet(t, p)
	first := inject(t, c, `{"action": "scale", "brokers": 3}`)
	<-first.Done()
	require.Equal(t, []string{"began", "2 running added", "3 running added", "ended"}, told.all())
	second := inject(t, c, `{"action": "scale", "brokers": 2}`)
	<-second.Done()
	require.Equal(t, int64(1), second.Hits())
	c.Heal()
	require.Equal(t, []string{"add 2", "add 3", "remove 3", "remove 2"}, p.did())
	require.Equal(t, int64(2), first.Hits(), "what restores is no hit")
	require.Equal(t, []string{
		"added broker 2 (127.0.0.1:9002)", "added broker 3 (127.0.0.1:9003)", "removed broker 2 (127.0.0.1:9002)",
	}, first.Took())
	c.Heal()
	require.Len(t, p.did(), 4, "once")
	ids, err := c.Brokers(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int32{1}, ids)
}

func TestWhoGivesUpLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newFake(2)
		p.slow["stop 1"] = time.Minute
		c, told := onFleet(t, p)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Inject(ctx, []byte(`{"broker": 1, "action": "stop"}`))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, []string{"began", "1 dead", "1 running", "ended"}, told.all(), "nothing has come of it")
		require.Empty(t, c.Handles())
	})
}

func TestCloseUndoesEverything(t *testing.T) {
	t.Parallel()
	p := newFake(4)
	c, _ := onFleet(t, p)
	ctx, cancel := context.WithCancel(t.Context())
	for _, spec := range []string{
		`{"broker": 1, "action": "kill"}`, `{"broker": 2, "action": "pause", "for": "1h"}`, `{"action": "scale", "brokers": 6, "for": "1h"}`,
	} {
		_, err := c.Inject(ctx, []byte(spec))
		require.NoError(t, err)
	}
	cancel()
	c.Close()
	all, err := p.Brokers(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 4)
	for _, b := range all {
		require.Equal(t, platform.Running, b.State)
	}
	_, err = c.Inject(t.Context(), []byte(`{"broker": 1, "action": "kill"}`))
	require.ErrorIs(t, err, chaos.ErrEnded)
	require.Len(t, c.Handles(), 3)
	require.NoError(t, func() error { _, err := p.Brokers(t.Context()); return err }())
}

func TestWaitingForHitsOnBrokers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := onFleet(t, newFake(3))
		h := inject(t, c, `{"action": "roll"}`)
		require.NoError(t, h.WaitHits(t.Context(), 3))
		require.ErrorContains(t, h.WaitHits(t.Context(), 4), "roll ended after 3 of 4 hits")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		held := inject(t, c, `{"broker": 1, "action": "pause"}`)
		require.ErrorContains(t, held.WaitHits(ctx, 2), "pause has 1 of 2 hits")
	})
}
