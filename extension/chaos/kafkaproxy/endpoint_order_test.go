package kafkaproxy_test

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/recordbatch"
)

// arrivals are the brokers that got Produce requests, in order. The first one that broker 1 gets is kept until it is released.
type arrivals struct {
	mu      sync.Mutex
	nodes   []int32
	first   chan struct{} // closed when it has come
	release func()
}

func keepFirst(t *testing.T, cluster *kfake.Cluster) *arrivals {
	t.Helper()
	a := &arrivals{first: make(chan struct{})}
	released := make(chan struct{})
	a.release = sync.OnceFunc(func() { close(released) })
	t.Cleanup(a.release)
	var once atomic.Bool
	cluster.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		node := cluster.CurrentNode()
		a.mu.Lock()
		a.nodes = append(a.nodes, node)
		a.mu.Unlock()
		if node == 1 && once.CompareAndSwap(false, true) {
			close(a.first)
			cluster.SleepControl(func() { <-released })
		}
		return nil, nil, false
	})
	return a
}

func (a *arrivals) at(node int32) (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, each := range a.nodes {
		if each == node {
			n++
		}
	}
	return n
}

// batchNumbered asks for one batch of an idempotent producer to be written to partition 1.
func batchNumbered(producer int64, sequence int32) *kmsg.ProduceRequest {
	batch := recordbatch.Batch(recordOf("x"))
	const atProducerID, atEpoch, atSequence = 43, 51, 53
	binary.BigEndian.PutUint64(batch[atProducerID:], uint64(producer))
	binary.BigEndian.PutUint16(batch[atEpoch:], 0)
	binary.BigEndian.PutUint32(batch[atSequence:], uint32(sequence))
	batch.Seal()
	q := produceRaw(-1, 1)
	q.Topics[0].Partitions[0].Records = batch
	return q
}

// A session's batches of one partition are never under way to two brokers. And those that were sent behind one that was not written,
// or nobody knows, do not get to the next leader before it: that one would take them for the first of their producer.
func TestABatchFollowsTheOneBeforeIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  func(a *arrivals, w *wires, address string)
		code int16
	}{
		"refused": {func(a *arrivals, _ *wires, _ string) { a.release() }, kerr.NotLeaderForPartition.Code},
		"lost":    {func(_ *arrivals, w *wires, address string) { w.kill(address) }, kerr.NetworkException.Code},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster, p, w := mortal(t)
			d, other := talk(t, p.Addresses()[0]), eager(t, p)
			one(t, other, 1)
			ask := kmsg.NewPtrInitProducerIDRequest()
			ask.Version, ask.ProducerID, ask.ProducerEpoch = 3, -1, -1
			producer := d.say(ask).(*kmsg.InitProducerIDResponse).ProducerID
			first, second := batchNumbered(producer, 0), batchNumbered(producer, 1)

			a := keepFirst(t, cluster)
			d.send(first)
			<-a.first
			takeOver(t, cluster)
			one(t, other, 1)
			d.send(second)
			before := a.at(2)
			for range 5 {
				one(t, other, 1)
			}
			require.Equal(t, before+5, a.at(2), "the second batch is held")
			c.end(a, w, cluster.ListenAddrs()[1])
			require.Equal(t, []int16{c.code}, codes(d.hear(first).(*kmsg.ProduceResponse)))
			require.Equal(t, []int16{kerr.NotLeaderForPartition.Code}, codes(d.hear(second).(*kmsg.ProduceResponse)), "it was not sent")
			require.Equal(t, before+5, a.at(2))
			require.Zero(t, codes(d.say(first).(*kmsg.ProduceResponse))[0])
			require.Zero(t, codes(d.say(second).(*kmsg.ProduceResponse))[0])
		})
	}
}
