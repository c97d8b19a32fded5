package kafkaproxy_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/chaos/kafkaproxy"
)

// Behind a single endpoint, rules with a broker act on the way to that broker, all others at the client's side.

// ledBy returns the partitions of "t" that a broker leads, and those that others do.
func (b *bench) ledBy(broker int32) (its, others []int32) {
	for partition := range int32(6) {
		if b.cluster.LeaderFor("t", partition) == broker {
			its = append(its, partition)
		} else {
			others = append(others, partition)
		}
	}
	return its, others
}

// sendAround sends one record to each partition of "t", a few times.
func sendAround(t *testing.T, cl *kgo.Client, rounds int) {
	t.Helper()
	for i := range rounds {
		var records []*kgo.Record
		for partition := range int32(6) {
			records = append(records, message("t", partition, fmt.Sprintf("v%05d", i)))
		}
		require.NoError(t, sendRecords(t, cl, records...).FirstErr())
	}
}

func TestDropBehindOneEndpoint(t *testing.T) {
	t.Parallel()
	b := newEndpointBench(t)
	cl := b.client(t)
	front := b.inject(t, `{"api": "Produce", "topic": "t", "partition": 2, "action": "drop", "nth": 2}`)
	sendAround(t, cl, 10)
	front.Stop()
	require.EqualValues(t, 5, front.Hits())
	for partition := range int32(6) {
		want := 10
		if partition == 2 {
			want = 5
		}
		require.Len(t, b.standing(t, "t", partition), want)
	}
}

func TestDropOnTheWayToOneBroker(t *testing.T) {
	t.Parallel()
	b := newEndpointBench(t)
	broker := b.cluster.LeaderFor("t", 0)
	its, others := b.ledBy(broker)
	cl := b.client(t)
	leg := b.inject(t, fmt.Sprintf(`{"api": "Produce", "topic": "t", "broker": %d, "action": "drop", "nth": 3}`, broker))
	never := b.inject(t, `{"api": "Produce", "broker": 7, "action": "drop"}`)
	sendAround(t, cl, 12)
	leg.Stop()
	sendAround(t, cl, 3)
	require.EqualValues(t, 12*len(its)/3, leg.Hits())
	require.Zero(t, never.Hits())
	left := 0
	for _, partition := range its {
		left += len(b.standing(t, "t", partition))
	}
	require.Equal(t, 15*len(its)-int(leg.Records()), left)
	for _, partition := range others {
		require.Len(t, b.standing(t, "t", partition), 15)
	}
}

func TestADroppedProducerGoesOnWhenLeadersMove(t *testing.T) {
	t.Parallel()
	b := newEndpointBench(t)
	cl := b.client(t)
	f := b.inject(t, fmt.Sprintf(`{"api": "Produce", "topic": "t", "partition": 0, "broker": %d,
		"action": "drop", "nth": 2, "times": 2}`, b.cluster.LeaderFor("t", 0)))
	all := numbered("v", 10)
	sendEach(t, cl, "t", 0, all[:5]...)
	require.NoError(t, b.cluster.MoveTopicPartition("t", 0, (b.cluster.LeaderFor("t", 0)+1)%3))
	sendEach(t, cl, "t", 0, all[5:]...)
	require.EqualValues(t, 2, f.Records())
	require.Equal(t, except(all, all[1], all[3]), b.standing(t, "t", 0))
}

func TestDuplicateBehindOneEndpoint(t *testing.T) {
	t.Parallel()
	for name, selector := range map[string]string{"client": "", "broker": `"broker": %d, `} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newEndpointBench(t)
			if selector != "" {
				selector = fmt.Sprintf(selector, b.cluster.LeaderFor("t", 3))
			}
			f := b.inject(t, `{"topic": "t", "partition": 3, `+selector+`"action": "duplicate"}`)
			sendAround(t, b.client(t), 5)
			require.EqualValues(t, 5, f.Hits())
			require.Len(t, b.standing(t, "t", 3), 10)
			require.Len(t, b.standing(t, "t", 2), 5)
		})
	}
}

func TestErrorBehindOneEndpoint(t *testing.T) {
	t.Parallel()
	for _, on := range []string{"request", "response"} {
		t.Run(on, func(t *testing.T) {
			t.Parallel()
			b := newEndpointBench(t)
			cl := b.client(t, plainProducer())
			front := b.inject(t, `{"api": "Produce", "topic": "t", "partition": 1, "on": "`+on+`",
				"action": "error", "error": "INVALID_RECORD", "times": 1}`)
			results := sendRecords(t, cl, message("t", 0, "a"), message("t", 1, "b"), message("t", 2, "c"))
			for _, r := range results {
				if r.Record.Partition == 1 {
					require.ErrorIs(t, r.Err, kerr.InvalidRecord)
				} else {
					require.NoError(t, r.Err)
				}
			}
			ended(t, front)
			broker := b.cluster.LeaderFor("t", 0)
			its, _ := b.ledBy(broker)
			leg := b.inject(t, `{"api": "Produce", "broker": `+fmt.Sprint(broker)+`, "on": "`+on+`", "action": "error", "error": "INVALID_RECORD"}`)
			results = nil
			for partition := range int32(6) {
				results = append(results, sendRecords(t, cl, message("t", partition, "d"))...)
			}
			for _, r := range results {
				if b.cluster.LeaderFor("t", r.Record.Partition) == broker {
					require.ErrorIs(t, r.Err, kerr.InvalidRecord)
				} else {
					require.NoError(t, r.Err)
				}
			}
			require.EqualValues(t, len(its), leg.Hits())
		})
	}
}

func TestReadersBehindOneEndpoint(t *testing.T) {
	t.Parallel()
	b := newEndpointBench(t)
	direct := client(t, b.cluster.ListenAddrs(), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	send(t, direct, "t", 4, "a", "bad", "c")
	f := b.inject(t, `{"api": "Fetch", "topic": "t", "partition": 4, "value": "bad", "action": "drop"}`)
	require.Equal(t, []string{"a", "c"}, valuesOf(readAll(t, b.proxy.Addresses(), "t", 4)))
	f.Stop()
	require.Positive(t, f.Hits())
	leg := b.inject(t, fmt.Sprintf(`{"api": "Fetch", "broker": %d, "value": "bad", "action": "drop"}`, b.cluster.LeaderFor("t", 4)))
	require.Equal(t, []string{"a", "c"}, valuesOf(readAll(t, b.proxy.Addresses(), "t", 4)))
	leg.Stop()
	require.Positive(t, leg.Hits())
	require.Equal(t, []string{"a", "bad", "c"}, valuesOf(readAll(t, b.proxy.Addresses(), "t", 4)))
}

func TestABrokerThatCannotBeReachedBehindOneEndpoint(t *testing.T) {
	t.Parallel()
	for name, action := range map[string]string{
		"disconnect": `"api": "Produce", "action": "disconnect"`,
		"blackhole":  `"action": "blackhole"`,
		"swallow":    `"api": "Produce", "on": "response", "action": "swallow"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newEndpointBench(t)
			cl := b.client(t)
			sendAround(t, cl, 1)
			f := b.inject(t, fmt.Sprintf(`{"broker": %d, %s}`, b.cluster.LeaderFor("t", 0), action))
			var sent []<-chan error
			for partition := range int32(6) {
				for i := range 5 {
					sent = append(sent, outcome(t, cl, message("t", partition, fmt.Sprint("v", i))))
				}
			}
			require.NoError(t, f.WaitHits(testContext(t), 1))
			f.Stop()
			for _, s := range sent {
				require.NoError(t, got(t, s))
			}
			sendAround(t, cl, 1)
			for partition := range int32(6) {
				require.Len(t, b.standing(t, "t", partition), 7, "nothing lost, nothing twice")
			}
		})
	}
}

func TestEventsBehindOneEndpointNameTheBroker(t *testing.T) {
	t.Parallel()
	b := newEndpointBench(t, keep(kafkaproxy.EventOptions{Memory: 1000}))
	cl := b.client(t)
	leader := b.cluster.LeaderFor("t", 5)
	send(t, cl, "t", 5, "a")
	f := b.inject(t, `{"api": "Produce", "broker": `+fmt.Sprint(leader)+`, "action": "drop", "times": 1}`)
	send(t, cl, "t", 5, "b")
	ended(t, f)
	produced := of(b.proxy.Events(), "Produce")
	require.Len(t, produced, 3)
	require.EqualValues(t, -1, produced[0].Broker)
	require.Equal(t, leader, produced[1].Broker)
	require.Equal(t, kafkaproxy.Drop, produced[1].Action)
	require.EqualValues(t, 1, produced[2].BaseOffset)
}
