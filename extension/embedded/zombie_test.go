package embedded_test

import (
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/chaos/platform"
	"k6suite/extension/embedded"
	"k6suite/extension/internal/wire"
)

// line is one connection to one broker, on which a test decides what goes when.
type line struct {
	t    *testing.T
	sock net.Conn
	sent int32
}

func dialBroker(t *testing.T, c *embedded.Cluster, id int32) *line {
	t.Helper()
	brokers, err := c.Brokers(testContext(t))
	require.NoError(t, err)
	i := slices.IndexFunc(brokers, func(b platform.Broker) bool { return b.ID == id })
	sock, err := net.DialTimeout("tcp", brokers[i].Address, deadline)
	require.NoError(t, err)
	require.NoError(t, sock.SetDeadline(time.Now().Add(deadline)))
	t.Cleanup(func() { _ = sock.Close() })
	return &line{t: t, sock: sock}
}

func (l *line) send(request kmsg.Request) {
	l.t.Helper()
	l.sent++
	_, err := l.sock.Write(wire.EncodeRequest(request, l.sent, "line"))
	require.NoError(l.t, err)
}

func (l *line) receive(response kmsg.Response, version int16) {
	l.t.Helper()
	frame, err := wire.ReadFrame(l.sock)
	require.NoError(l.t, err)
	response.SetVersion(version)
	require.NoError(l.t, wire.DecodeResponse(frame, response))
}

const lineProduceVersion = 9

func (l *line) sendBatch(batch []byte) {
	l.t.Helper()
	p := kmsg.NewProduceRequestTopicPartition()
	p.Records = batch
	topic := kmsg.NewProduceRequestTopic()
	topic.Topic, topic.Partitions = "t", []kmsg.ProduceRequestTopicPartition{p}
	request := kmsg.NewPtrProduceRequest()
	request.Version, request.Acks, request.TimeoutMillis = lineProduceVersion, -1, 20_000
	request.Topics = []kmsg.ProduceRequestTopic{topic}
	l.send(request)
}

func (l *line) answer() kmsg.ProduceResponseTopicPartition {
	l.t.Helper()
	response := kmsg.NewPtrProduceResponse()
	l.receive(response, lineProduceVersion)
	return response.Topics[0].Partitions[0]
}

// leaderOf waits until somebody else than a broker leads t/0, and says who.
func leaderOf(t *testing.T, c *embedded.Cluster, not int32) (leader int32) {
	t.Helper()
	require.Eventually(t, func() bool {
		for _, topic := range shown(t, c).Topics {
			if *topic.Topic == "t" {
				leader = topic.Partitions[0].Leader
			}
		}
		return leader >= 0 && leader != not
	}, deadline, 5*time.Millisecond)
	return leader
}

// holdUploads has segment uploads wait until they are let go, and then go on.
func holdUploads(f *trouble) (letGo func()) {
	free := make(chan struct{})
	f.start(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		select {
		case f.seen <- struct{}{}:
		default:
		}
		<-free
		next.ServeHTTP(w, r)
	})
	return sync.OnceFunc(func() { close(free) })
}

// requested waits until a broker has read so many requests of an API.
func requested(t *testing.T, c *embedded.Cluster, broker int32, api string, n int) {
	t.Helper()
	name := `k6suite_embedded_requests_total{api="` + api + `",broker="` + strconv.Itoa(int(broker)) + `"}`
	require.Eventually(t, func() bool { return metric(t, c, name) >= float64(n) }, deadline, 2*time.Millisecond)
}

func TestWhatWaitedInAPausedBrokerIsRefused(t *testing.T) {
	t.Parallel()
	c, f := startWithTrouble(t, embedded.Options{Lease: shortLease})
	createTopic(t, c, "t", 1, nil)
	zombie := leaderOf(t, c, -1)
	l := dialBroker(t, c, zombie)
	l.sendBatch(rawBatch(-1, -1, 0, 1))
	requireCode(t, nil, l.answer())

	letGo := holdUploads(f)
	defer letGo()
	l.sendBatch(rawBatch(-1, -1, 100, 2)) // under way
	<-f.seen
	l.sendBatch(rawBatch(-1, -1, 200, 3)) // queued behind it
	requested(t, c, zombie, "Produce", 3)
	require.NoError(t, c.Pause(testContext(t), zombie))
	require.Equal(t, platform.Paused, states(t, c)[zombie])
	l.sendBatch(rawBatch(-1, -1, 300, 4)) // in the socket
	late := dialBroker(t, c, zombie)      // the kernel takes it
	late.sendBatch(rawBatch(-1, -1, 400, 5))
	letGo()
	f.heal()
	heir := leaderOf(t, c, zombie)
	next := dialBroker(t, c, heir)
	next.sendBatch(rawBatch(-1, -1, 500, 1))
	ack := next.answer()
	requireCode(t, nil, ack)
	require.EqualValues(t, 3, ack.BaseOffset, "what was under way has landed, what was queued has not")

	require.NoError(t, c.Resume(testContext(t), zombie))
	first := l.answer()
	requireCode(t, nil, first)
	require.EqualValues(t, 1, first.BaseOffset, "it was stored before, and is acked now")
	requireCode(t, kerr.NotLeaderForPartition, l.answer())
	requireCode(t, kerr.NotLeaderForPartition, l.answer())
	requireCode(t, kerr.NotLeaderForPartition, late.answer())
	require.Len(t, read(t, c, "t", 0), 4)
	require.Len(t, stored(t, c), 4)
	require.Eventually(t, func() bool { return slices.Contains(shownBrokers(t, c), zombie) }, deadline, 5*time.Millisecond)
	require.Positive(t, metric(t, c, `k6suite_embedded_takeovers_total{broker="`+strconv.Itoa(int(heir))+`"}`))
}

func TestABrokerThatIsResumedInTimeGoesOn(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{Lease: time.Hour})
	createTopic(t, c, "t", 1, nil)
	node := leaderOf(t, c, -1)
	l := dialBroker(t, c, node)
	require.NoError(t, c.Pause(testContext(t), node))
	l.sendBatch(rawBatch(7, 0, 0, 2))
	require.NoError(t, c.Resume(testContext(t), node))
	requireCode(t, nil, l.answer())
	require.Equal(t, node, leaderOf(t, c, -1))
}

func TestNothingIsStoredWhileAllArePaused(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	c := start(t, embedded.Options{Brokers: 2, Lease: shortLease})
	createTopic(t, c, "t", 1, nil)
	node := leaderOf(t, c, -1)
	l := dialBroker(t, c, node)
	require.NoError(t, c.Pause(ctx, 1-node))
	require.NoError(t, c.Pause(ctx, node))
	l.sendBatch(rawBatch(-1, -1, 0, 2))
	require.NoError(t, c.Resume(ctx, node))
	requireCode(t, nil, l.answer())
	require.NoError(t, c.Kill(ctx, node))
	require.Equal(t, platform.Paused, states(t, c)[1-node], "it keeps the life")
	require.NoError(t, c.Resume(ctx, 1-node))
	require.Equal(t, 1-node, leaderOf(t, c, node))
	require.Len(t, read(t, c, "t", 0), 2)
}

func TestABrokerIsPausedUnderLoad(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{Lease: shortLease})
	l := newLoad(t, c)
	require.NoError(t, c.Pause(testContext(t), 1))
	leaderOfAll(t, c, 1)
	require.NoError(t, c.Resume(testContext(t), 1))
	l.progress()
	l.check()
}

// leaderOfAll waits until a broker leads nothing.
func leaderOfAll(t *testing.T, c *embedded.Cluster, not int32) {
	t.Helper()
	require.Eventually(t, func() bool { return !slices.Contains(shownBrokers(t, c), not) }, deadline, 5*time.Millisecond)
}

func metric(t *testing.T, c *embedded.Cluster, name string) float64 {
	t.Helper()
	for _, text := range strings.Split(scrape(t, c), "\n") {
		if value, ok := strings.CutPrefix(text, name+" "); ok {
			n, err := strconv.ParseFloat(value, 64)
			require.NoError(t, err)
			return n
		}
	}
	return 0
}
