package trust

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/kafka"
	"k6suite/extension/ledger"
)

const (
	oddTopic   = "odd"
	oddRecords = 300
)

// oddLog is a log of tracked records on a broker that a test makes odd.
type oddLog struct {
	cluster *kfake.Cluster
	cfg     kafka.Config
	ledger  *ledger.Ledger
	ids     *ledger.Producer
	client  *kgo.Client
}

// newOddLog writes records to partition 0 of two; the other one stays empty.
func newOddLog(t *testing.T) *oddLog {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.SeedTopics(2, oddTopic))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	o := &oddLog{cluster: cluster, cfg: kafka.Config{Brokers: cluster.ListenAddrs()}, ledger: ledger.New(ledger.Options{Run: "odd"})}
	o.ledger.Own(oddTopic)
	o.ids = o.ledger.NewProducer(ledger.ProducerOptions{Name: "odd", Idempotent: true, Ordered: true})
	o.client, err = kgo.NewClient(kgo.SeedBrokers(o.cfg.Brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	require.NoError(t, err)
	t.Cleanup(o.client.Close)
	for range oddRecords {
		serial, offset := o.write(t.Context())
		o.ledger.Settle(ledger.Outcome{Serial: serial, Kind: ledger.Acked, TP: oddPartition(), Offset: offset})
	}
	return o
}

func oddPartition() ledger.TopicPartition { return ledger.TopicPartition{Topic: oddTopic} }

func (o *oddLog) write(ctx context.Context) (ledger.Serial, int64) {
	made := o.ids.Make(nil, 200)
	header := kgo.RecordHeader(made.Headers[0])
	record := &kgo.Record{Topic: oddTopic, Value: made.Value, Headers: []kgo.RecordHeader{header}}
	if err := o.client.ProduceSync(ctx, record).FirstErr(); err != nil {
		return made.Serial, -1
	}
	return made.Serial, record.Offset
}

// judge makes two final reads and gives what the ledger thinks of them.
func (o *oddLog) judge(t *testing.T) ledger.Judgement {
	t.Helper()
	for _, name := range []string{"first", "second"} {
		require.NoError(t, readAll(t.Context(), o.cfg, o.ledger, name, []string{oddTopic}, 0, 500*time.Millisecond))
	}
	return o.ledger.Judge(ledger.JudgeOptions{Partitions: map[string]int32{oddTopic: 2}})
}

// admin is a client for what a test does to the log.
func (o *oddLog) admin() *kadm.Client { return kadm.NewClient(o.client) }

func codes(j ledger.Judgement) []ledger.Code {
	out := []ledger.Code{}
	for _, f := range j.Findings {
		out = append(out, f.Code)
	}
	return out
}

func TestFinalReadReachesTheEndOfAnHonestLog(t *testing.T) {
	t.Parallel()
	judged := newOddLog(t).judge(t)
	require.Empty(t, judged.Findings)
	require.Empty(t, judged.Doubts)
	require.EqualValues(t, oddRecords, judged.Counts.Found)
}

func TestFinalReadOfATrimmedLogBeginsAtItsStart(t *testing.T) {
	t.Parallel()
	o := newOddLog(t)
	trim := kadm.Offsets{}
	trim.AddOffset(oddTopic, 0, 100, -1)
	_, err := o.admin().DeleteRecords(t.Context(), trim)
	require.NoError(t, err)
	judged := o.judge(t)
	require.Equal(t, []ledger.Code{ledger.LostAcked}, codes(judged)[:1])
	require.Contains(t, judged.Findings[0].Detail, "the log starts at 100")

	o.ledger.Trimmed(oddPartition(), 100)
	judged = o.ledger.Judge(ledger.JudgeOptions{})
	require.Empty(t, judged.Findings, "the script deleted them on purpose")
	require.Empty(t, judged.Doubts)
}

func TestFinalReadGoesPastAnAbortedTransactionAtTheEnd(t *testing.T) {
	t.Parallel()
	o := newOddLog(t)
	tx, err := kgo.NewClient(kgo.SeedBrokers(o.cfg.Brokers...), kgo.TransactionalID("odd"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	require.NoError(t, err)
	defer tx.Close()
	require.NoError(t, tx.BeginTransaction())
	made := o.ids.Make(nil, 200)
	require.NoError(t, tx.ProduceSync(t.Context(), &kgo.Record{
		Topic: oddTopic, Value: made.Value, Headers: []kgo.RecordHeader{{Key: made.Headers[0].Key, Value: made.Headers[0].Value}},
	}).FirstErr())
	require.NoError(t, tx.EndTransaction(t.Context(), kgo.TryAbort))
	o.ledger.Settle(ledger.Outcome{Serial: made.Serial, Kind: ledger.Unknown, Abandoned: true})
	judged := o.judge(t)
	require.Empty(t, judged.Findings)
	require.Empty(t, judged.Doubts)
}

// emptyFetch answers a fetch as a broker does that has nothing to give yet.
func emptyFetch(req *kmsg.FetchRequest, code int16, highWatermark int64) *kmsg.FetchResponse {
	resp := req.ResponseKind().(*kmsg.FetchResponse)
	for _, rt := range req.Topics {
		topic := kmsg.NewFetchResponseTopic()
		topic.Topic, topic.TopicID = rt.Topic, rt.TopicID
		for _, rp := range rt.Partitions {
			p := kmsg.NewFetchResponseTopicPartition()
			p.Partition, p.ErrorCode, p.HighWatermark, p.LastStableOffset = rp.Partition, code, highWatermark, highWatermark
			p.RecordBatches = []byte{}
			topic.Partitions = append(topic.Partitions, p)
		}
		resp.Topics = append(resp.Topics, topic)
	}
	return resp
}

func onFetch(c *kfake.Cluster, answer func(*kmsg.FetchRequest) kmsg.Response) {
	c.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		if resp := answer(req.(*kmsg.FetchRequest)); resp != nil {
			return resp, nil, true
		}
		return nil, nil, false
	})
}

func TestPartitionThatStallsIsADoubtAndNoLoss(t *testing.T) {
	t.Parallel()
	o := newOddLog(t)
	onFetch(o.cluster, func(req *kmsg.FetchRequest) kmsg.Response { return emptyFetch(req, 0, oddRecords) })
	judged := o.judge(t)
	require.Empty(t, judged.Findings, "what is below the high watermark may only be late")
	require.Len(t, judged.Doubts, 2)
	require.Contains(t, judged.Doubts[0].Text, "reached offset 0 of 300")
}

func TestOffsetOutOfRangeInTheMiddleIsNoLoss(t *testing.T) {
	t.Parallel()
	o := newOddLog(t)
	onFetch(o.cluster, func(req *kmsg.FetchRequest) kmsg.Response {
		for _, topic := range req.Topics {
			for _, p := range topic.Partitions {
				if p.FetchOffset >= oddRecords/2 && p.FetchOffset < oddRecords {
					return emptyFetch(req, kerr.OffsetOutOfRange.Code, -1)
				}
			}
		}
		return nil
	})
	o.cfg.Hooks = nil
	judged := o.judge(t)
	require.NotContains(t, codes(judged), ledger.LostAcked)
	require.NotContains(t, codes(judged), ledger.LostSuffix)
}

// shiftEnds has ListOffsets answer ends that are off.
func shiftEnds(o *oddLog, by int64) {
	o.cluster.ControlKey(int16(kmsg.ListOffsets), func(req kmsg.Request) (kmsg.Response, error, bool) {
		o.cluster.KeepControl()
		asked := req.(*kmsg.ListOffsetsRequest)
		resp := asked.ResponseKind().(*kmsg.ListOffsetsResponse)
		for _, rt := range asked.Topics {
			topic := kmsg.NewListOffsetsResponseTopic()
			topic.Topic = rt.Topic
			for _, rp := range rt.Partitions {
				p := kmsg.NewListOffsetsResponseTopicPartition()
				p.Partition, p.Timestamp, p.LeaderEpoch = rp.Partition, -1, rp.CurrentLeaderEpoch
				if p.Offset = 0; rp.Timestamp == -1 && rp.Partition == 0 {
					p.Offset = oddRecords + by
				}
				topic.Partitions = append(topic.Partitions, p)
			}
			resp.Topics = append(resp.Topics, topic)
		}
		return resp, nil, true
	})
}

func TestEndThatLiesHighIsADoubt(t *testing.T) {
	t.Parallel()
	o := newOddLog(t)
	shiftEnds(o, 5)
	judged := o.judge(t)
	require.Empty(t, judged.Findings)
	require.NotEmpty(t, judged.Doubts)
	require.Contains(t, judged.Doubts[0].Text, "reached offset 300 of 305")
}

func TestEndThatLiesLowIsStaleAndHidesNothing(t *testing.T) {
	t.Parallel()
	o := newOddLog(t)
	shiftEnds(o, -5)
	judged := o.judge(t)
	require.Equal(t, ledger.StaleEnd, codes(judged)[0])
	require.NotContains(t, codes(judged), ledger.LostSuffix)
	require.EqualValues(t, oddRecords, judged.Counts.Found, "all was read nevertheless")
}

func TestRecordThatComesDuringTheReadMakesNoEndStale(t *testing.T) {
	t.Parallel()
	o := newOddLog(t)
	var once atomic.Bool
	onFetch(o.cluster, func(*kmsg.FetchRequest) kmsg.Response {
		if once.CompareAndSwap(false, true) { // the ends have been listed; now what had no outcome arrives
			o.cluster.SleepControl(func() {
				serial, _ := o.write(context.Background())
				o.ledger.Settle(ledger.Outcome{Serial: serial, Kind: ledger.Unknown, Abandoned: true})
			})
		}
		return nil
	})
	judged := o.judge(t)
	require.True(t, once.Load())
	require.Empty(t, judged.Findings)
	require.Empty(t, judged.Doubts)
	require.EqualValues(t, oddRecords+1, judged.Counts.Found)
}

func TestLeaderThatMovesDuringTheReadIsNoReasonForDoubt(t *testing.T) {
	t.Parallel()
	o := newOddLog(t)
	var refused atomic.Int32
	onFetch(o.cluster, func(req *kmsg.FetchRequest) kmsg.Response {
		if req.MaxWaitMillis == 0 && refused.Add(1) <= 2 { // our own look past the end
			return emptyFetch(req, kerr.NotLeaderForPartition.Code, -1)
		}
		return nil
	})
	require.NoError(t, o.cluster.MoveTopicPartition(oddTopic, 0, 1))
	stop := make(chan struct{})
	moved := make(chan struct{})
	go func() {
		defer close(moved)
		for node := int32(0); ; node = (node + 1) % 3 {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond): // the pace of the mover, nothing is measured by it
				_ = o.cluster.MoveTopicPartition(oddTopic, 0, node)
			}
		}
	}()
	judged := o.judge(t)
	close(stop)
	<-moved
	require.Empty(t, judged.Findings)
	require.Empty(t, judged.Doubts)
	require.GreaterOrEqual(t, refused.Load(), int32(2))
}
