package kafkaproxy_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func groupAdminBehaviours() []behaviour {
	return []behaviour{
		{name: "groups are listed, described, and deleted", run: groupsListed},
		{name: "offsets of groups are committed, fetched, and deleted", run: groupOffsets},
		{name: "groups of KIP-848 are described", run: consumerGroups},
	}
}

// groupsListed has enough groups that each broker coordinates one, all but surely.
func groupsListed(t *testing.T, w *world) {
	t.Helper()
	const many = 6
	topic := w.topic(t, 2)
	w.produce(t, w.client(t), spread(topic, 2, 1)...)
	var groups []string
	var members []*member
	for range many {
		groups = append(groups, w.group())
		members = append(members, w.join(t, kgo.ConsumeTopics(topic), kgo.ConsumerGroup(groups[len(groups)-1])))
	}
	for _, m := range members {
		m.waitFor(t, func() bool { return len(m.owned()) == 2 && len(m.read()) == 2 })
	}
	admin := w.admin(t)
	listed, err := admin.ListGroups(w.context(t))
	require.NoError(t, err)
	described, err := admin.DescribeGroups(w.context(t), groups...)
	require.NoError(t, err)
	for _, group := range groups {
		require.Contains(t, listed, group)
		require.NoError(t, described[group].Err)
		require.Equal(t, "Stable", described[group].State)
		require.Len(t, described[group].Members, 1)
	}
	refused, err := admin.DeleteGroups(w.context(t), groups[0])
	require.NoError(t, err)
	require.ErrorIs(t, refused[groups[0]].Err, kerr.NonEmptyGroup)
	for _, m := range members {
		m.leave(t)
	}
	deleted, err := admin.DeleteGroups(w.context(t), groups...)
	require.NoError(t, err)
	require.NoError(t, deleted.Error())
	listed, err = admin.ListGroups(w.context(t))
	require.NoError(t, err)
	for _, group := range groups {
		require.NotContains(t, listed, group)
	}
}

func groupOffsets(t *testing.T, w *world) {
	t.Helper()
	topic := w.topic(t, 3)
	groups := []string{w.group(), w.group(), w.group(), w.group()}
	admin := w.admin(t)
	for i, group := range groups {
		offsets := kadm.Offsets{}
		for p := range int32(3) {
			offsets.AddOffset(topic, p, int64(i)*10+int64(p), -1)
		}
		require.NoError(t, admin.CommitAllOffsets(w.context(t), group, offsets))
	}
	fetched := admin.FetchManyOffsets(w.context(t), groups...)
	require.NoError(t, fetched.Error())
	for i, group := range groups {
		for p := range int32(3) {
			o, ok := fetched[group].Fetched.Lookup(topic, p)
			require.True(t, ok)
			require.NoError(t, o.Err)
			require.Equal(t, int64(i)*10+int64(p), o.At)
		}
	}
	lags, err := admin.Lag(w.context(t), groups...)
	require.NoError(t, err)
	for _, group := range groups {
		lag := lags[group]
		require.NoError(t, lag.Error())
		require.Len(t, lag.Lag[topic], 3)
	}
	deleted, err := admin.DeleteOffsets(w.context(t), groups[1], kadm.TopicsSet{topic: {0: {}, 2: {}}})
	require.NoError(t, err)
	require.NoError(t, deleted.Error())
	left, err := admin.FetchOffsets(w.context(t), groups[1])
	require.NoError(t, err)
	require.Len(t, left[topic], 1)
}

func consumerGroups(t *testing.T, w *world) {
	t.Helper()
	topic, group := w.topic(t, 3), w.group()
	w.quick(t, group)
	m := w.join(t, kgo.ConsumeTopics(topic), kgo.ConsumerGroup(group), kgo.ServerSideBalancer(), kgo.Balancers(kgo.RangeBalancer()))
	m.waitFor(t, func() bool { return len(m.owned()) == 3 })
	admin := w.admin(t)
	described, err := admin.DescribeConsumerGroups(w.context(t), group)
	require.NoError(t, err)
	require.NoError(t, described[group].Err)
	require.Len(t, described[group].Members, 1)
	listed, err := admin.ListGroupsByType(w.context(t), []string{"consumer"})
	require.NoError(t, err)
	require.Contains(t, listed, group)
	request := kmsg.NewPtrConsumerGroupDescribeRequest()
	request.Groups = []string{group, w.name("nobody")}
	for _, shard := range w.client(t).RequestSharded(w.context(t), request) {
		require.NoError(t, shard.Err)
	}
	m.leave(t)
}
