package kafkaproxy_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// spread makes records for a topic: so many for each partition.
func spread(topic string, partitions, each int) []*kgo.Record {
	var records []*kgo.Record
	for n := range each {
		for p := range partitions {
			records = append(records, &kgo.Record{
				Topic: topic, Partition: int32(p), Key: fmt.Appendf(nil, "key-%d", n), Value: fmt.Appendf(nil, "value %d of partition %d", n, p),
				Headers: []kgo.RecordHeader{{Key: "header", Value: []byte{byte(n), byte(p)}}, {Key: "header", Value: nil}},
			})
		}
	}
	return records
}

// produce sends records and has them all acked.
func (w *world) produce(t *testing.T, cl *kgo.Client, records ...*kgo.Record) []*kgo.Record {
	t.Helper()
	for _, r := range cl.ProduceSync(w.context(t), records...) {
		require.NoError(t, r.Err)
	}
	return records
}

// poll returns the next n records or more. No error is forgiven.
func (w *world) poll(t *testing.T, cl *kgo.Client, n int) []*kgo.Record {
	t.Helper()
	ctx := w.context(t)
	var got []*kgo.Record
	for len(got) < n {
		fetches := cl.PollFetches(ctx)
		require.NoError(t, fetches.Err(), "%d of %d records were read", len(got), n)
		got = append(got, fetches.Records()...)
	}
	return got
}

// read returns everything in a topic, from the first offset to the end that ListOffsets names, by a new client.
func (w *world) read(t *testing.T, topic string, options ...kgo.Opt) []*kgo.Record {
	t.Helper()
	cl := w.client(t, append([]kgo.Opt{kgo.ConsumeTopics(topic), kgo.KeepControlRecords()}, options...)...)
	ends, err := kadm.NewClient(cl).ListEndOffsets(w.context(t), topic)
	require.NoError(t, err)
	require.NoError(t, ends.Error())
	starts, err := kadm.NewClient(cl).ListStartOffsets(w.context(t), topic)
	require.NoError(t, err)
	require.NoError(t, starts.Error())
	due := map[int32]struct{}{}
	ends.Each(func(o kadm.ListedOffset) {
		if first, _ := starts.Lookup(topic, o.Partition); first.Offset < o.Offset {
			due[o.Partition] = struct{}{}
		}
	})
	var got []*kgo.Record
	for len(due) > 0 {
		for _, r := range w.poll(t, cl, 1) {
			if !r.Attrs.IsControl() {
				got = append(got, r)
			}
			if end, _ := ends.Lookup(topic, r.Partition); r.Offset+1 >= end.Offset {
				delete(due, r.Partition)
			}
		}
	}
	return got
}

// requireSame compares records, wherever they stand in the lists: what, where, and in which order in a partition.
func requireSame(t *testing.T, want, got []*kgo.Record) {
	t.Helper()
	missing, extra := without(lines(want), lines(got)), without(lines(got), lines(want))
	if len(missing)+len(extra) > 0 {
		require.Failf(t, "other records", "%d should be there and are not: %.300q; %d should not be there and are: %.300q",
			len(missing), missing, len(extra), extra)
	}
	require.Len(t, got, len(want), "a record came twice")
}

// without gives what is in the one list and not in the other.
func without(one, other []string) (left []string) {
	for _, s := range one {
		if _, found := slices.BinarySearch(other, s); !found {
			left = append(left, s)
		}
	}
	return left
}

func lines(records []*kgo.Record) []string {
	out := make([]string, len(records))
	for i, r := range records {
		out[i] = fmt.Sprintf("%s/%d@%06d %s=%s %v", r.Topic, r.Partition, r.Offset, r.Key, r.Value, r.Headers)
	}
	slices.Sort(out)
	return out
}

// values are the values of records in their order in each partition.
func values(records []*kgo.Record) map[int32][]string {
	out := map[int32][]string{}
	for _, r := range records {
		out[r.Partition] = append(out[r.Partition], string(r.Value))
	}
	return out
}
