package kafkaproxy_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func groupBehaviours() []behaviour {
	cooperative, eager := kgo.Balancers(kgo.CooperativeStickyBalancer()), kgo.Balancers(kgo.RoundRobinBalancer())
	ranged, sticky := kgo.Balancers(kgo.RangeBalancer()), kgo.Balancers(kgo.StickyBalancer())
	return []behaviour{
		{name: "a group, classic and eager: members come, go and die", run: membership(eager)},
		{name: "a group, classic and cooperative: members come, go and die", run: membership(cooperative)},
		{name: "a group of KIP-848: members come, go and die", run: membership(kgo.ServerSideBalancer(), ranged)},
		{name: "a group, classic: commits, and who comes later goes on there", run: commits(cooperative)},
		{name: "a group of KIP-848: commits, and who comes later goes on there", run: commits(kgo.ServerSideBalancer(), sticky)},
		{name: "a group with a static member", run: staticMember},
		{name: "a group by a regular expression takes topics that are made later", run: regularExpression},
	}
}

// membership shares partitions of two topics among members that join, leave, and die without a word. Everything is read, and at
// the end committed.
func membership(options ...kgo.Opt) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		t.Helper()
		first, second, group := w.topic(t, 4), w.topic(t, 4), w.group()
		w.quick(t, group)
		sent := w.produce(t, w.client(t), append(spread(first, 4, 5), spread(second, 4, 5)...)...)
		options := append(slices.Clone(options), kgo.ConsumeTopics(first, second), kgo.ConsumerGroup(group),
			kgo.SessionTimeout(deadAfter))
		a := w.join(t, options...)
		a.waitFor(t, func() bool { return len(a.owned()) == 8 })
		b := w.join(t, options...)
		c := w.join(t, options...)
		waitShared(t, 8, a, b, c)
		a.leave(t)
		waitShared(t, 8, b, c)
		b.die()
		c.waitFor(t, func() bool { return len(c.owned()) == 8 })
		sent = append(sent, w.produce(t, w.client(t), spread(first, 4, 1)...)...)
		c.waitFor(t, func() bool { return len(distinct(a, b, c)) == len(sent) })
		c.leave(t)
		requireLag(t, w, group, 0, first, second)
	}
}

// waitShared waits until each of the partitions has one owner, and nobody is idle.
func waitShared(t *testing.T, partitions int, members ...*member) {
	t.Helper()
	members[0].waitFor(t, func() bool {
		var all []string
		for _, m := range members {
			owned := m.owned()
			if len(owned) == 0 {
				return false
			}
			all = append(all, owned...)
		}
		slices.Sort(all)
		return len(all) == partitions && len(slices.Compact(all)) == partitions
	})
}

// distinct are the places that the members have read, each once.
func distinct(members ...*member) []string {
	var all []string
	for _, m := range members {
		all = append(all, lines(m.read())...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func commits(options ...kgo.Opt) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		t.Helper()
		const partitions = 6
		topic, group := w.topic(t, partitions), w.group()
		w.quick(t, group)
		sent := w.produce(t, w.client(t), spread(topic, partitions, 10)...)
		options := append(slices.Clone(options), kgo.ConsumeTopics(topic), kgo.ConsumerGroup(group), kgo.DisableAutoCommit())
		first := w.client(t, options...)
		w.poll(t, first, len(sent))
		half := sent[:partitions*5]
		require.NoError(t, first.CommitRecords(w.context(t), half...))
		requireLag(t, w, group, 5*partitions, topic)
		require.NoError(t, first.LeaveGroupContext(w.context(t)))

		second := w.client(t, options...)
		requireSame(t, sent[len(half):], w.poll(t, second, len(sent)-len(half)))
		require.NoError(t, second.CommitUncommittedOffsets(w.context(t)))
		requireLag(t, w, group, 0, topic)
	}
}

// staticMember comes back under its name before anybody takes its partitions, and is then put out by an administrator.
func staticMember(t *testing.T, w *world) {
	t.Helper()
	topic, group := w.topic(t, 4), w.group()
	options := []kgo.Opt{kgo.ConsumeTopics(topic), kgo.ConsumerGroup(group)}
	static := func(name string) *member { return w.join(t, append(slices.Clone(options), kgo.InstanceID(name))...) }
	a, b := static("a"), static("b")
	waitShared(t, 4, a, b)
	owned := a.owned()
	a.leave(t) // which a static member does not tell
	again := static("a")
	again.waitFor(t, func() bool { return slices.Equal(again.owned(), owned) })
	require.Len(t, b.owned(), 2)
	again.leave(t)
	left, err := w.admin(t).LeaveGroup(w.context(t), kadm.LeaveGroup(group).InstanceIDs("a"))
	require.NoError(t, err)
	require.NoError(t, left.Error())
	b.waitFor(t, func() bool { return len(b.owned()) == 4 })
}

func regularExpression(t *testing.T, w *world) {
	t.Helper()
	prefix := w.name("regex")
	w.create(t, prefix+"-1", 3)
	m := w.join(t, kgo.ConsumeRegex(), kgo.ConsumeTopics("^"+prefix+".*"), kgo.ConsumerGroup(w.group()), kgo.MetadataMaxAge(pace))
	m.waitFor(t, func() bool { return len(m.owned()) == 3 })
	w.create(t, prefix+"-2", 2)
	sent := w.produce(t, w.client(t), spread(prefix+"-2", 2, 3)...)
	m.waitFor(t, func() bool { return len(m.owned()) == 5 && len(m.read()) == len(sent) })
}

// requireLag adds up what the group has not committed of the topics.
func requireLag(t *testing.T, w *world, group string, want int, topics ...string) {
	t.Helper()
	admin := w.admin(t)
	committed, err := admin.FetchOffsetsForTopics(w.context(t), group, topics...)
	require.NoError(t, err)
	ends, err := admin.ListEndOffsets(w.context(t), topics...)
	require.NoError(t, err)
	lag := 0
	ends.Each(func(end kadm.ListedOffset) {
		require.NoError(t, end.Err)
		at, ok := committed.Lookup(end.Topic, end.Partition)
		require.True(t, ok)
		require.NoError(t, at.Err)
		lag += int(end.Offset - max(at.At, 0))
	})
	require.Equal(t, want, lag)
}
