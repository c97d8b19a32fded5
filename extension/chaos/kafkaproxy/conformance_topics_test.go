package kafkaproxy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

func topicBehaviours() []behaviour {
	return []behaviour{
		{name: "topics are created, described, and deleted", run: topicLife},
		{name: "a topic is deleted and made again", run: topicAgain},
		{name: "a topic that is not there", run: topicUnknown},
		{name: "a topic grows under a consumer and a producer", run: topicGrows},
		{name: "records are deleted", run: recordsDeleted},
		{name: "offsets are listed in every way", run: offsetsListed},
	}
}

func topicLife(t *testing.T, w *world) {
	t.Helper()
	admin := w.admin(t)
	names := []string{w.name("life"), w.name("life"), w.name("life")}
	created, err := admin.CreateTopics(w.context(t), 4, -1, nil, names...)
	require.NoError(t, err)
	require.NoError(t, created.Error())
	for _, name := range names {
		require.EqualValues(t, 4, created[name].NumPartitions)
		w.settled(t, name, 4)
	}
	twice, err := admin.CreateTopics(w.context(t), 4, -1, nil, names[0])
	require.NoError(t, err)
	require.ErrorIs(t, twice[names[0]].Err, kerr.TopicAlreadyExists)
	listed, err := admin.ListTopics(w.context(t))
	require.NoError(t, err)
	ids := map[kadm.TopicID]struct{}{}
	for _, name := range names {
		require.True(t, listed.Has(name))
		require.Len(t, listed[name].Partitions, 4)
		ids[listed[name].ID] = struct{}{}
	}
	require.Len(t, ids, 3)
	deleted, err := admin.DeleteTopics(w.context(t), names...)
	require.NoError(t, err)
	require.NoError(t, deleted.Error())
	require.Eventually(t, func() bool {
		listed, err := admin.ListTopics(w.context(t))
		require.NoError(t, err)
		return !listed.Has(names[0]) && !listed.Has(names[1]) && !listed.Has(names[2])
	}, patience, pace)
}

// topicAgain has a new topic of an old name begin at offset 0, for clients that have known neither and for one that knew the old.
func topicAgain(t *testing.T, w *world) {
	t.Helper()
	topic := w.topic(t, 4)
	admin := w.admin(t)
	old := w.produce(t, w.client(t), spread(topic, 4, 3)...)
	requireSame(t, old, w.read(t, topic))
	_, err := admin.DeleteTopic(w.context(t), topic)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		listed, err := admin.ListTopics(w.context(t), topic)
		require.NoError(t, err)
		return !listed.Has(topic)
	}, patience, pace)
	w.create(t, topic, 4)
	again := w.produce(t, w.client(t), spread(topic, 4, 2)...)
	require.Zero(t, again[0].Offset)
	requireSame(t, again, w.read(t, topic))
}

func topicUnknown(t *testing.T, w *world) {
	t.Helper()
	topic := w.name("unknown")
	cl := w.client(t, kgo.UnknownTopicRetries(0))
	require.ErrorIs(t, cl.ProduceSync(w.context(t), &kgo.Record{Topic: topic}).FirstErr(), kerr.UnknownTopicOrPartition)
	listed, err := kadm.NewClient(cl).ListTopics(w.context(t), topic)
	require.NoError(t, err)
	require.ErrorIs(t, listed[topic].Err, kerr.UnknownTopicOrPartition)
	offsets, err := kadm.NewClient(cl).ListEndOffsets(w.context(t), topic)
	require.NoError(t, err)
	require.Error(t, offsets.Error())
	deleted, err := kadm.NewClient(cl).DeleteTopics(w.context(t), topic)
	require.NoError(t, err)
	require.ErrorIs(t, deleted[topic].Err, kerr.UnknownTopicOrPartition)
}

func topicGrows(t *testing.T, w *world) {
	t.Helper()
	topic := w.topic(t, 2)
	producer, consumer := w.client(t), w.client(t, kgo.ConsumeTopics(topic), kgo.MetadataMaxAge(pace))
	sent := w.produce(t, producer, spread(topic, 2, 3)...)
	got := w.poll(t, consumer, len(sent))
	grown, err := w.admin(t).CreatePartitions(w.context(t), 5, topic)
	require.NoError(t, err)
	require.NoError(t, grown.Error())
	w.settled(t, topic, 7)
	late := w.client(t)
	sent = append(sent, w.produce(t, late, spread(topic, 7, 3)...)...)
	got = append(got, w.poll(t, consumer, len(sent)-len(got))...)
	requireSame(t, sent, got)
}

func recordsDeleted(t *testing.T, w *world) {
	t.Helper()
	topic := w.topic(t, 6)
	sent := w.produce(t, w.client(t), spread(topic, 6, 5)...)
	before := kadm.Offsets{}
	for p := range int32(6) {
		before.AddOffset(topic, p, int64(p%4), -1)
	}
	deleted, err := w.admin(t).DeleteRecords(w.context(t), before)
	require.NoError(t, err)
	require.NoError(t, deleted.Error())
	var want []*kgo.Record
	for _, r := range sent {
		answer, _ := deleted.Lookup(topic, r.Partition)
		require.EqualValues(t, r.Partition%4, answer.LowWatermark)
		if r.Offset >= answer.LowWatermark {
			want = append(want, r)
		}
	}
	requireSame(t, want, w.read(t, topic))
}

func offsetsListed(t *testing.T, w *world) {
	t.Helper()
	topic := w.topic(t, 6)
	sent := spread(topic, 6, 10)
	begin := time.Now().Add(-time.Hour).Truncate(time.Second)
	for i, r := range sent {
		r.Timestamp = begin.Add(time.Duration(i/6) * time.Second)
	}
	w.produce(t, w.client(t), sent...)
	admin, ctx := w.admin(t), w.context(t)
	for name, ask := range map[string]struct {
		list func() (kadm.ListedOffsets, error)
		want int64
	}{
		"start":              {func() (kadm.ListedOffsets, error) { return admin.ListStartOffsets(ctx, topic) }, 0},
		"end":                {func() (kadm.ListedOffsets, error) { return admin.ListEndOffsets(ctx, topic) }, 10},
		"committed":          {func() (kadm.ListedOffsets, error) { return admin.ListCommittedOffsets(ctx, topic) }, 10},
		"greatest timestamp": {func() (kadm.ListedOffsets, error) { return admin.ListMaxTimestampOffsets(ctx, topic) }, 9},
		"local start":        {func() (kadm.ListedOffsets, error) { return admin.ListLocalLogStartOffsets(ctx, topic) }, 0},
		"after a timestamp": {func() (kadm.ListedOffsets, error) {
			return admin.ListOffsetsAfterMilli(ctx, begin.Add(4*time.Second).UnixMilli(), topic)
		}, 4},
		"after all timestamps": {func() (kadm.ListedOffsets, error) {
			return admin.ListOffsetsAfterMilli(ctx, begin.Add(2*time.Hour).UnixMilli(), topic)
		}, 10},
	} {
		listed, err := ask.list()
		require.NoError(t, err, name)
		require.NoError(t, listed.Error(), name)
		require.Len(t, listed[topic], 6, name)
		listed.Each(func(o kadm.ListedOffset) {
			require.Equal(t, ask.want, o.Offset, "%s of partition %d", name, o.Partition)
		})
	}
}
