package kafkaproxy_test

import (
	"encoding/binary"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/chaos/kafkaproxy"
	"k6suite/extension/internal/recordbatch"
	"k6suite/extension/internal/wire"
)

// recordOf is a batch of one record of a producer without idempotence.
func recordOf(value string) []byte {
	r := kmsg.Record{Value: []byte(value)}
	r.Length = int32(len(r.AppendTo(nil)) - 1)
	b := kmsg.RecordBatch{
		PartitionLeaderEpoch: -1, Magic: 2, FirstTimestamp: 1, MaxTimestamp: 1, ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1,
		NumRecords: 1, Records: r.AppendTo(nil),
	}
	raw := recordbatch.Batch(b.AppendTo(nil))
	raw.Seal()
	return raw
}

// exchange sends one request over a connection of its own.
func exchange(t *testing.T, address string, request kmsg.Request) kmsg.Response {
	t.Helper()
	conn := dial(t, address)
	_, err := conn.Write(wire.EncodeRequest(request, 1, "raw"))
	require.NoError(t, err)
	frame, err := wire.ReadFrame(conn)
	require.NoError(t, err)
	response := request.ResponseKind()
	response.SetVersion(request.GetVersion())
	require.NoError(t, wire.DecodeResponse(frame, response))
	return response
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(testContext(t), "tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

// recording is a backend that keeps what it gets, and answers with what it is told to.
type recording struct {
	address string

	mu  sync.Mutex
	got [][]byte
}

func newRecording(t *testing.T, answers map[int32][]byte) *recording {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &recording{address: listener.Addr().String()}
	var serving sync.WaitGroup
	t.Cleanup(func() {
		listener.Close()
		serving.Wait()
	})
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { r.serve(conn, answers) })
		}
	})
	return r
}

func (r *recording) serve(conn net.Conn, answers map[int32][]byte) {
	defer conn.Close()
	for {
		frame, err := wire.ReadFrame(conn)
		if err != nil {
			return
		}
		r.mu.Lock()
		r.got = append(r.got, frame)
		r.mu.Unlock()
		if _, err := conn.Write(answers[int32(binary.BigEndian.Uint32(frame[8:]))]); err != nil {
			return
		}
	}
}

func TestUnmatchedTrafficPassesByteForByte(t *testing.T) {
	t.Parallel()
	produce := kmsg.NewPtrProduceRequest()
	produce.Version, produce.Acks, produce.TimeoutMillis = 9, -1, 1000
	produce.Topics = []kmsg.ProduceRequestTopic{{Topic: "t", Partitions: []kmsg.ProduceRequestTopicPartition{
		{Partition: 0, Records: recordOf("a")}, {Partition: 1, Records: []byte("not a batch at all")},
	}}}
	produced := kmsg.NewPtrProduceResponse()
	produced.Version = 9
	produced.Topics = []kmsg.ProduceResponseTopic{{Topic: "t", Partitions: []kmsg.ProduceResponseTopicPartition{
		{BaseOffset: 7}, {Partition: 1, ErrorCode: 2},
	}}}
	fetch := kmsg.NewPtrFetchRequest()
	fetch.Version, fetch.MaxWaitMillis = 12, 10
	fetch.Topics = []kmsg.FetchRequestTopic{{Topic: "t", Partitions: []kmsg.FetchRequestTopicPartition{{Partition: 0, FetchOffset: 7}}}}
	fetched := kmsg.NewPtrFetchResponse()
	fetched.Version, fetched.SessionID = 12, 5
	whole := recordOf("a")
	fetched.Topics = []kmsg.FetchResponseTopic{{Topic: "t", Partitions: []kmsg.FetchResponseTopicPartition{{
		HighWatermark: 9, RecordBatches: append(append([]byte(nil), whole...), whole[:30]...),
	}}}}
	commit := kmsg.NewPtrOffsetCommitRequest()
	commit.Version, commit.Group = 8, "g"
	commit.Topics = []kmsg.OffsetCommitRequestTopic{{Topic: "t", Partitions: []kmsg.OffsetCommitRequestTopicPartition{
		{Partition: 1, Offset: 3},
	}}}
	committed := kmsg.NewPtrOffsetCommitResponse()
	committed.Version = 8
	committed.Topics = []kmsg.OffsetCommitResponseTopic{{Topic: "t", Partitions: []kmsg.OffsetCommitResponseTopicPartition{{Partition: 1}}}}

	requests, answers := [][]byte{}, map[int32][]byte{}
	for i, pair := range []struct {
		request  kmsg.Request
		response kmsg.Response
	}{{produce, produced}, {fetch, fetched}, {commit, committed}} {
		id := int32(i + 1)
		// An unknown tagged field at the end, as a newer client and broker may have it, passes too.
		requests = append(requests, tagged(wire.EncodeRequest(pair.request, id, "raw")))
		answers[id] = tagged(wire.EncodeResponse(pair.response, id))
	}
	backend := newRecording(t, answers)
	p := start(t, kafkaproxy.Options{Brokers: []string{backend.address}, Events: kafkaproxy.EventOptions{Memory: 10}})
	for _, spec := range []string{
		`{"api": ["Produce", "Fetch"], "topic": "other", "action": "drop"}`, `{"api": ["Produce", "Fetch"], "partition": 7, "action": "corrupt"}`,
		`{"topic": "u*", "action": "duplicate"}`, `{"value": "never", "action": "duplicate"}`, `{"group": "h", "action": "error", "error": 3}`,
		`{"topic": "u", "action": "error", "error": 3}`, `{"topic": "u", "on": "response", "action": "error", "error": 3}`,
		`{"clientId": "other", "action": "blackhole"}`, `{"clientId": "other", "action": "swallow"}`, `{"topic": "x", "action": "reorder"}`,
		`{"api": "Heartbeat", "action": "disconnect"}`, `{"api": ["Produce", "Fetch"], "key": "k", "action": "drop"}`,
		`{"action": "delay", "delay": "1us"}`, `{"action": "throttle", "bytesPerSecond": 1000000000}`,
	} {
		rule, err := kafkaproxy.ParseRule([]byte(spec))
		require.NoError(t, err, spec)
		_, err = p.Inject(rule)
		require.NoError(t, err)
	}
	conn := dial(t, p.Addresses()[0])
	for i, request := range requests {
		_, err := conn.Write(request)
		require.NoError(t, err)
		answer, err := wire.ReadFrame(conn)
		require.NoError(t, err)
		require.Equal(t, answers[int32(i+1)], answer)
	}
	backend.mu.Lock()
	defer backend.mu.Unlock()
	require.Equal(t, requests, backend.got)
}

// tagged puts a tagged field into a frame whose message ends with an empty list of them.
func tagged(frame []byte) []byte {
	frame = append(frame[:len(frame)-1], 1, 100, 2, 'h', 'i')
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
	return frame
}
