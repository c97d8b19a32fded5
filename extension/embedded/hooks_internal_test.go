package embedded

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/wire"
)

// witness notes which of the hooks were called that lies about brokers use. It acks what a zombie should refuse.
type witness struct {
	honest
	mu   sync.Mutex
	seen map[string]int
	from []handover
}

func (w *witness) note(hook string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen[hook]++
}

func (w *witness) saw(hook string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen[hook]
}

func (w *witness) stray(_ *life, _ *partition, e *entry) bool {
	w.note("stray")
	e.resolve(outcome{base: 77})
	return true
}

func (w *witness) took(_ *life, p *partition, from, to int32) {
	w.note("took")
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-p.turn:
		w.seen["took without the turn"]++
	default:
	}
	w.from = append(w.from, handover{from, to})
}

func (w *witness) late(*life, *partition, *entry) bool { w.note("late"); return false }
func (w *witness) woke(*life, int32)                   { w.note("woke") }
func (w *witness) started(*life, int32)                { w.note("started") }
func (w *witness) added(*life, int32)                  { w.note("added") }

func TestLiesHearOfWhatBrokersGoThrough(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c, err := Start(ctx, Options{Brokers: 2, Lease: 50 * time.Millisecond})
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	w := &witness{seen: map[string]int{}}
	c.mischief = w
	require.NoError(t, c.Restart(ctx))
	topic := &kmsg.CreateTopicsRequest{Version: 4, TimeoutMillis: 1000, Topics: []kmsg.CreateTopicsRequestTopic{
		{Topic: "t", NumPartitions: 1, ReplicationFactor: 1},
	}}
	ask(t, connect(t, c, 0), topic, kmsg.NewPtrCreateTopicsResponse())
	node := c.life.kfake.LeaderFor("t", 0)

	sock := connect(t, c, node)
	require.NoError(t, c.Pause(ctx, node))
	send(t, sock, batchFor("t")) // waits in the socket
	require.Eventually(t, func() bool { return w.saw("took") > 0 }, 20*time.Second, time.Millisecond)
	require.Equal(t, []handover{{node, 1 - node}}, w.from)
	require.Zero(t, w.saw("took without the turn"))
	require.Zero(t, w.saw("stray"))
	require.NoError(t, c.Resume(ctx, node))
	require.Equal(t, 1, w.saw("woke"))
	answer := kmsg.NewPtrProduceResponse()
	receive(t, sock, answer, 9)
	require.EqualValues(t, 77, answer.Topics[0].Partitions[0].BaseOffset, "a lie may answer it")
	require.Equal(t, 1, w.saw("stray"))

	require.NoError(t, c.Kill(ctx, node))
	require.NoError(t, c.Start(ctx, node))
	require.Equal(t, 1, w.saw("started"))
	_, err = c.Add(ctx)
	require.NoError(t, err)
	require.Equal(t, 1, w.saw("added"))

	l := c.life // what is queued when the leader changes
	p := l.catalog.all()[0].list()[0]
	e := newEntry(nil, newProcess(l, 9, nil, nil), 9)
	p.submit(e)
	l.refuseStrays(p)
	require.Equal(t, 1, w.saw("late"))
	require.Equal(t, kerr.NotLeaderForPartition, e.outcome.err)
	p.idle()
}

func connect(t *testing.T, c *Cluster, node int32) net.Conn {
	t.Helper()
	sock, err := net.DialTimeout("tcp", c.Nodes()[node], 5*time.Second)
	require.NoError(t, err)
	require.NoError(t, sock.SetDeadline(time.Now().Add(20*time.Second)))
	t.Cleanup(func() { _ = sock.Close() })
	return sock
}

func send(t *testing.T, sock net.Conn, request kmsg.Request) {
	t.Helper()
	_, err := sock.Write(wire.EncodeRequest(request, 1, "witness"))
	require.NoError(t, err)
}

func receive(t *testing.T, sock net.Conn, response kmsg.Response, version int16) {
	t.Helper()
	frame, err := wire.ReadFrame(sock)
	require.NoError(t, err)
	response.SetVersion(version)
	require.NoError(t, wire.DecodeResponse(frame, response))
}

func ask(t *testing.T, sock net.Conn, request kmsg.Request, response kmsg.Response) {
	t.Helper()
	send(t, sock, request)
	receive(t, sock, response, request.GetVersion())
}

// batchFor returns a Produce request with a batch of one record for the topic's first partition.
func batchFor(topic string) kmsg.Request {
	record := kmsg.Record{Value: []byte("v")}
	record.Length = int32(len(record.AppendTo(nil)) - 1)
	b := batch((&kmsg.RecordBatch{
		PartitionLeaderEpoch: -1, Magic: 2, ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1, NumRecords: 1, Records: record.AppendTo(nil),
	}).AppendTo(nil))
	b.Seal()
	p := kmsg.NewProduceRequestTopicPartition()
	p.Records = b
	return &kmsg.ProduceRequest{Version: 9, Acks: -1, TimeoutMillis: 5000, Topics: []kmsg.ProduceRequestTopic{
		{Topic: topic, Partitions: []kmsg.ProduceRequestTopicPartition{p}},
	}}
}
