package kafkaproxy_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/chaos/kafkaproxy"
)

func keep(o kafkaproxy.EventOptions) func(*kafkaproxy.Options) {
	return func(all *kafkaproxy.Options) { all.Events = o }
}

// of picks the events of an API about partitions.
func of(all []kafkaproxy.Event, api string) (some []kafkaproxy.Event) {
	for _, e := range all {
		if e.API == api && (e.Topic != "" || e.Action != "") {
			some = append(some, e)
		}
	}
	return some
}

func TestEventsTellWhatPassed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "events.jsonl")
	b := newBench(t, keep(kafkaproxy.EventOptions{Memory: 1000, File: file}))
	cl := b.client(t, kgo.ClientID("app"))
	send(t, cl, "t", 1, "a", "b")
	f := b.inject(t, `{"api": "Produce", "action": "drop", "times": 1}`)
	send(t, cl, "t", 1, "c")
	refused := b.inject(t, `{"api": "Produce", "action": "error", "error": "NOT_LEADER_OR_FOLLOWER", "times": 1}`)
	send(t, cl, "t", 1, "d")
	require.Len(t, readAll(t, b.proxy.Addresses(), "t", 1), 3)
	produced := of(b.proxy.Events(), "Produce")
	require.Len(t, produced, 4)
	for _, e := range produced {
		require.Equal(t, "app", e.ClientID)
		require.NotEmpty(t, e.Client)
		require.Equal(t, kafkaproxy.OnResponse, e.Direction)
		require.Equal(t, "t", e.Topic)
		require.EqualValues(t, 1, e.Partition)
		require.EqualValues(t, 0, e.Broker)
		require.False(t, e.Time.IsZero())
	}
	require.EqualValues(t, 0, produced[0].BaseOffset)
	require.EqualValues(t, 2, produced[0].Records)
	require.EqualValues(t, 2, produced[1].BaseOffset)
	require.Equal(t, f.ID(), produced[1].Fault)
	require.Equal(t, kafkaproxy.Drop, produced[1].Action)
	require.EqualValues(t, 1, produced[1].Acted)
	require.Equal(t, "NOT_LEADER_OR_FOLLOWER", produced[2].Error)
	require.Equal(t, refused.ID(), produced[2].Fault)
	require.Empty(t, produced[3].Error)
	fetched := of(b.proxy.Events(), "Fetch")
	require.NotEmpty(t, fetched)
	require.Positive(t, fetched[0].Records)
	require.EqualValues(t, 0, fetched[0].BaseOffset)
	require.NoError(t, b.proxy.Close())
	kept := b.proxy.Events()
	var written []kafkaproxy.Event
	for _, line := range linesOf(t, file) {
		var e kafkaproxy.Event
		require.NoError(t, json.Unmarshal(line, &e))
		written = append(written, e)
	}
	require.Len(t, written, len(kept))
	for i := range kept {
		require.True(t, kept[i].Time.Equal(written[i].Time))
		kept[i].Time = written[i].Time
	}
	require.Equal(t, kept, written)
}

func linesOf(t *testing.T, file string) (all [][]byte) {
	t.Helper()
	in, err := os.Open(file)
	require.NoError(t, err)
	defer in.Close()
	for scanner := bufio.NewScanner(in); scanner.Scan(); {
		all = append(all, []byte(scanner.Text()))
	}
	return all
}

func TestEventsOfWhatIsLost(t *testing.T) {
	t.Parallel()
	b := newBench(t, keep(kafkaproxy.EventOptions{Memory: 100}))
	cl := b.client(t, plainProducer(), kgo.RequiredAcks(kgo.NoAck()))
	send(t, cl, "t", 0, "a")
	eventually(t, func() bool { return len(of(b.proxy.Events(), "Produce")) == 1 }) // without acks, nobody else tells
	f := b.inject(t, `{"api": "Produce", "action": "drop", "times": 1}`)
	send(t, cl, "t", 0, "b")
	ended(t, f)
	eventually(t, func() bool { return len(of(b.proxy.Events(), "Produce")) == 2 })
	cut := b.inject(t, `{"api": "Produce", "action": "disconnect", "times": 1}`)
	_ = sendRecords(t, cl, message("t", 0, "c"))
	ended(t, cut)
	produced := of(b.proxy.Events(), "Produce")
	require.GreaterOrEqual(t, len(produced), 3)
	require.EqualValues(t, 1, produced[0].Records)
	require.Equal(t, kafkaproxy.Drop, produced[1].Action)
	require.Equal(t, kafkaproxy.Disconnect, produced[2].Action)
	for _, e := range produced {
		require.Equal(t, kafkaproxy.OnRequest, e.Direction)
		require.EqualValues(t, -1, e.BaseOffset)
	}
}

func TestEventsAreBounded(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "events.jsonl")
	b := newBench(t, keep(kafkaproxy.EventOptions{Memory: 3, File: file, FileBytes: 2000}))
	sendEach(t, b.client(t), "t", 0, numbered("v", 30)...)
	all := b.proxy.Events()
	require.Len(t, all, 3)
	require.EqualValues(t, 29, all[2].BaseOffset)
	require.EqualValues(t, 27, all[0].BaseOffset)
	require.NoError(t, b.proxy.Close())
	written := linesOf(t, file)
	require.Contains(t, string(written[len(written)-1]), "greatest size")
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.LessOrEqual(t, info.Size(), int64(2100))
	require.Empty(t, newBench(t).proxy.Events())
	_, err = kafkaproxy.Start(t.Context(), kafkaproxy.Options{
		Brokers: []string{"127.0.0.1:1"}, Events: kafkaproxy.EventOptions{File: filepath.Join(t.TempDir(), "no", "such")},
	})
	require.ErrorContains(t, err, "events: ")
	_, err = kafkaproxy.Start(t.Context(), kafkaproxy.Options{Brokers: []string{"127.0.0.1:1"}, Events: kafkaproxy.EventOptions{Memory: -1}})
	require.ErrorContains(t, err, "must not be negative")
}
