package kafkaproxy_test

import (
	"bufio"
	"encoding/binary"
	"hash/crc32"
	"io"
	"net"
	"strconv"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/wire"
)

const (
	benchTopic      = "bench"
	benchPartitions = 12
	benchValue      = 1000     // bytes of a record
	benchBatch      = 64 << 10 // bytes of a batch that is fetched, about
)

// instantBrokers are three brokers that answer what a franz-go producer and consumer ask, at once and from nothing: what is produced
// is dropped, and what is fetched is one batch, over and over. So nothing hides the cost of what stands before them.
type instantBrokers struct {
	listeners []net.Listener
	offsets   [benchPartitions]atomic.Int64
	batch     []byte
	records   int
}

func startInstantBrokers() (*instantBrokers, error) {
	s := &instantBrokers{}
	s.batch, s.records = batchOf(benchBatch / benchValue)
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		s.listeners = append(s.listeners, l)
	}
	for _, l := range s.listeners {
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go s.serve(conn)
			}
		}()
	}
	return s, nil
}

// batchOf returns a batch of n records with base offset 0.
func batchOf(n int) ([]byte, int) {
	var records []byte
	for i := range n {
		r := kmsg.Record{OffsetDelta: int32(i), Value: make([]byte, benchValue)}
		r.Length = int32(len(r.AppendTo(nil)) - 1)
		records = r.AppendTo(records)
	}
	b := kmsg.RecordBatch{
		PartitionLeaderEpoch: -1, Magic: 2, LastOffsetDelta: int32(n - 1), FirstTimestamp: 1, MaxTimestamp: 1,
		ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1, NumRecords: int32(n), Records: records,
	}
	raw := b.AppendTo(nil)
	binary.BigEndian.PutUint32(raw[8:], uint32(len(raw)-12))
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	return raw, n
}

func (s *instantBrokers) addresses() []string {
	all := make([]string, 0, len(s.listeners))
	for _, l := range s.listeners {
		all = append(all, l.Addr().String())
	}
	return all
}

func (s *instantBrokers) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 4<<10)
	var frame []byte
	for {
		var size [4]byte
		if _, err := io.ReadFull(in, size[:]); err != nil {
			return
		}
		n := 4 + int(binary.BigEndian.Uint32(size[:]))
		if cap(frame) < n {
			frame = make([]byte, n)
		}
		frame = frame[:n]
		copy(frame, size[:])
		if _, err := io.ReadFull(in, frame[4:]); err != nil {
			return
		}
		r, err := wire.ParseRequest(frame)
		if err != nil {
			return
		}
		request := kmsg.RequestForKey(int16(r.Key))
		if err := r.Decode(request); err != nil {
			return
		}
		response := s.answer(request)
		response.SetVersion(r.Version)
		if _, err := conn.Write(wire.EncodeResponse(response, r.Correlation)); err != nil {
			return
		}
	}
}

func (s *instantBrokers) answer(request kmsg.Request) kmsg.Response {
	switch m := request.(type) {
	case *kmsg.ApiVersionsRequest:
		response := kmsg.NewPtrApiVersionsResponse()
		for key, most := range map[kmsg.Key]int16{
			kmsg.Produce: 12, kmsg.Fetch: 17, kmsg.ListOffsets: 7, kmsg.Metadata: 12, kmsg.ApiVersions: 3, kmsg.InitProducerID: 4,
			kmsg.FindCoordinator: 4,
		} {
			k := kmsg.NewApiVersionsResponseApiKey()
			k.ApiKey, k.MaxVersion = int16(key), most
			response.ApiKeys = append(response.ApiKeys, k)
		}
		return response
	case *kmsg.MetadataRequest:
		return s.metadata()
	case *kmsg.ProduceRequest:
		return s.produce(m)
	case *kmsg.FetchRequest:
		return s.fetch(m)
	case *kmsg.ListOffsetsRequest:
		response := kmsg.NewPtrListOffsetsResponse()
		for _, t := range m.Topics {
			topic := kmsg.NewListOffsetsResponseTopic()
			topic.Topic = t.Topic
			for _, p := range t.Partitions {
				partition := kmsg.NewListOffsetsResponseTopicPartition()
				partition.Partition, partition.Offset = p.Partition, 0
				topic.Partitions = append(topic.Partitions, partition)
			}
			response.Topics = append(response.Topics, topic)
		}
		return response
	}
	return request.ResponseKind()
}

func (s *instantBrokers) metadata() *kmsg.MetadataResponse {
	response := kmsg.NewPtrMetadataResponse()
	for node, address := range s.addresses() {
		b := kmsg.NewMetadataResponseBroker()
		host, port, _ := net.SplitHostPort(address)
		number, _ := strconv.Atoi(port)
		b.NodeID, b.Host, b.Port = int32(node), host, int32(number)
		response.Brokers = append(response.Brokers, b)
	}
	topic := kmsg.NewMetadataResponseTopic()
	topic.Topic, topic.TopicID = kmsg.StringPtr(benchTopic), [16]byte{1}
	for i := range int32(benchPartitions) {
		p := kmsg.NewMetadataResponseTopicPartition()
		leader := i % 3
		p.Partition, p.Leader, p.Replicas, p.ISR = i, leader, []int32{leader}, []int32{leader}
		topic.Partitions = append(topic.Partitions, p)
	}
	response.Topics = []kmsg.MetadataResponseTopic{topic}
	return response
}

func (s *instantBrokers) produce(m *kmsg.ProduceRequest) *kmsg.ProduceResponse {
	response := kmsg.NewPtrProduceResponse()
	for _, t := range m.Topics {
		topic := kmsg.NewProduceResponseTopic()
		topic.Topic, topic.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			const recordsAt = 57
			n := int64(binary.BigEndian.Uint32(p.Records[recordsAt:]))
			partition := kmsg.NewProduceResponseTopicPartition()
			partition.Partition, partition.BaseOffset = p.Partition, s.offsets[p.Partition].Add(n)-n
			topic.Partitions = append(topic.Partitions, partition)
		}
		response.Topics = append(response.Topics, topic)
	}
	return response
}

// fetch answers each partition with a batch of its own memory: the base offset is in it, outside of what the checksum covers.
func (s *instantBrokers) fetch(m *kmsg.FetchRequest) *kmsg.FetchResponse {
	response := kmsg.NewPtrFetchResponse()
	for _, t := range m.Topics {
		topic := kmsg.NewFetchResponseTopic()
		topic.Topic, topic.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			partition := kmsg.NewFetchResponseTopicPartition()
			partition.Partition, partition.HighWatermark, partition.LastStableOffset = p.Partition, 1<<40, 1<<40
			partition.RecordBatches = append(kbin.AppendInt64(make([]byte, 0, len(s.batch)), p.FetchOffset), s.batch[8:]...)
			topic.Partitions = append(topic.Partitions, partition)
		}
		response.Topics = append(response.Topics, topic)
	}
	return response
}
