package embedded_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/embedded"
	"k6suite/extension/objectstore"
)

// trouble stands between a cluster and its object storage and does to the next segment uploads what a test says.
type trouble struct {
	next http.Handler

	mu    sync.Mutex
	upset func(http.ResponseWriter, *http.Request, http.Handler) // nil: pass on
	seen  chan struct{}                                          // gets one for each upload that was upset
}

func (f *trouble) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	upset := f.upset
	f.mu.Unlock()
	if upset == nil || r.Method != http.MethodPut || !strings.Contains(r.URL.Path, "/segment-") {
		f.next.ServeHTTP(w, r)
		return
	}
	defer func() {
		select {
		case f.seen <- struct{}{}:
		default:
		}
	}()
	upset(w, r, f.next)
}

func (f *trouble) start(upset func(http.ResponseWriter, *http.Request, http.Handler)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.upset = upset
}

func (f *trouble) heal() { f.start(nil) }

// refuse answers as an overloaded store: nothing is written.
func refuse(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	w.WriteHeader(http.StatusServiceUnavailable)
}

// loseAnswer writes, and drops the connection.
func loseAnswer(_ http.ResponseWriter, r *http.Request, next http.Handler) {
	next.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// startWithTrouble starts a cluster on an S3 server behind a trouble.
func startWithTrouble(t *testing.T, options embedded.Options) (*embedded.Cluster, *trouble) {
	t.Helper()
	server, err := objectstore.Serve(objectstore.ServeOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	target, err := url.Parse(server.URL())
	require.NoError(t, err)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	pass := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host
	}, Transport: transport}
	f := &trouble{next: pass, seen: make(chan struct{}, 1)}
	front := httptest.NewServer(f)
	t.Cleanup(front.Close)
	options.Store.S3 = objectstore.Config{Endpoint: front.URL, Bucket: "bucket", CreateBucket: true}
	return start(t, options), f
}

func TestProducersWaitForAnOutageToEnd(t *testing.T) {
	t.Parallel()
	c, f := startWithTrouble(t, embedded.Options{})
	createTopic(t, c, "t", 1, nil)
	cl := client(t, c, manual())
	produce(t, cl, "t", 0, 2, 10)

	f.start(refuse)
	done := make(chan error, 1)
	go func() { done <- cl.ProduceSync(testContext(t), record("t", 0, 99)).FirstErr() }()
	<-f.seen
	<-f.seen
	require.EqualValues(t, 20, end(t, c, "t", 0), "nothing is readable before it is durable")
	require.Empty(t, done)
	f.heal()
	require.NoError(t, <-done)
	require.Len(t, read(t, c, "t", 0), 21)
	require.Len(t, stored(t, c), 21)
}

func TestAnUploadWhoseAnswerWasLostIsStoredOnce(t *testing.T) {
	t.Parallel()
	c, f := startWithTrouble(t, embedded.Options{})
	createTopic(t, c, "t", 1, nil)
	cl := client(t, c, manual())
	f.start(loseAnswer)
	done := make(chan error, 1)
	go func() { done <- cl.ProduceSync(testContext(t), record("t", 0, 1)).FirstErr() }()
	<-f.seen
	require.NoError(t, <-done, "the object is there: the second try finds it")
	f.heal()
	produce(t, cl, "t", 0, 1, 4)
	require.Len(t, read(t, c, "t", 0), 5)
	require.Len(t, stored(t, c), 5)
}

func TestABatchThatTimedOutUnderWayIsNotStoredTwice(t *testing.T) {
	t.Parallel()
	c, f := startWithTrouble(t, embedded.Options{Patience: 50 * time.Millisecond})
	createTopic(t, c, "t", 1, nil)
	f.start(refuse)
	first, second := rawBatch(77, 0, 0, 3), rawBatch(77, 0, 3, 2)
	requireCode(t, kerr.RequestTimedOut, rawProduce(t, c, "t", 0, first))
	requireCode(t, kerr.RequestTimedOut, rawProduce(t, c, "t", 0, second)) // withdrawn: the first one is in its way
	f.heal()
	require.Eventually(t, func() bool { return end(t, c, "t", 0) == 3 }, deadline, 5*time.Millisecond)
	require.EqualValues(t, 0, patiently(t, c, first))
	require.EqualValues(t, 3, patiently(t, c, second))
	require.Len(t, read(t, c, "t", 0), 5)
	require.Len(t, stored(t, c), 5)
}

// patiently repeats a batch until it is acked, as a producer does whose cluster is slow, and gives its offset.
func patiently(t *testing.T, c *embedded.Cluster, b []byte) (offset int64) {
	t.Helper()
	require.Eventually(t, func() bool {
		answer := rawProduce(t, c, "t", 0, b)
		offset = answer.BaseOffset
		return answer.ErrorCode == 0
	}, deadline, time.Millisecond)
	return offset
}

// A write of a former life that is applied only now is the log, whoever wrote it.
func TestAnObjectThatStandsInTheWayIsAdopted(t *testing.T) {
	t.Parallel()
	c, f := startWithTrouble(t, embedded.Options{Patience: 50 * time.Millisecond})
	createTopic(t, c, "t", 1, nil)
	produce(t, client(t, c, manual()), "t", 0, 1, 5)

	var late []byte
	var path string
	var mu sync.Mutex
	f.start(func(w http.ResponseWriter, r *http.Request, _ http.Handler) { // keeps the request for later
		body, err := io.ReadAll(r.Body)
		if err == nil {
			mu.Lock()
			late, path = body, r.URL.Path
			mu.Unlock()
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	lost := rawBatch(88, 0, 0, 3)
	requireCode(t, kerr.RequestTimedOut, rawProduce(t, c, "t", 0, lost))
	<-f.seen
	require.NoError(t, c.Restart(testContext(t)))
	f.heal()
	require.EqualValues(t, 5, end(t, c, "t", 0))

	mu.Lock()
	body := decodeChunked(t, late)
	mu.Unlock()
	store := openStore(t, c)
	require.NoError(t, store.Put(testContext(t), strings.TrimPrefix(path, "/bucket/"), body))
	sent := produce(t, client(t, c, manual()), "t", 0, 1, 2)
	require.EqualValues(t, 8, sent[0].Offset, "behind what the former life wrote")
	require.Len(t, read(t, c, "t", 0), 10)
	require.Len(t, stored(t, c), 10)
	again := rawProduce(t, c, "t", 0, lost)
	requireCode(t, nil, again)
	require.EqualValues(t, 5, again.BaseOffset, "the retry is recognized")
}

// decodeChunked undoes the chunks of a signed upload, if there are any.
func decodeChunked(t *testing.T, body []byte) []byte {
	t.Helper()
	start := bytes.Index(body, []byte("KAFS"))
	end := bytes.LastIndex(body, []byte("END!"))
	require.GreaterOrEqual(t, start, 0)
	require.Greater(t, end, start)
	return body[start : end+4]
}

func openStore(t *testing.T, c *embedded.Cluster) *objectstore.Store {
	t.Helper()
	store, err := objectstore.Open(testContext(t), c.ObjectStore())
	require.NoError(t, err)
	t.Cleanup(store.Close)
	return store
}

func TestARefusedBatchLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{MaxMessageBytes: 4096})
	createTopic(t, c, "t", 1, nil)
	good := rawBatch(-1, -1, -1, 1)
	torn := bytes.Clone(good)
	torn[len(torn)-1] ^= 1
	requireCode(t, kerr.CorruptMessage, rawProduce(t, c, "t", 0, torn))
	requireCode(t, kerr.MessageTooLarge, rawProduce(t, c, "t", 0, rawBatch(-1, -1, -1, 500)))
	requireCode(t, kerr.OutOfOrderSequenceNumber, rawProduce(t, c, "t", 0, rawBatch(5, 0, 7, 1)))
	requireCode(t, kerr.UnknownTopicOrPartition, rawProduce(t, c, "t", 9, good))
	requireCode(t, kerr.UnknownTopicOrPartition, rawProduce(t, c, "no", 0, good))
	requireCode(t, nil, rawProduce(t, c, "t", 0, rawBatch(6, 3, 0, 2)))
	requireCode(t, kerr.InvalidProducerEpoch, rawProduce(t, c, "t", 0, rawBatch(6, 2, 2, 1)))
	requireCode(t, kerr.InvalidTxnState, rawProduce(t, c, "t", 0, transactional(rawBatch(9, 0, 0, 1))))
	require.Len(t, stored(t, c), 2)
	require.EqualValues(t, 2, end(t, c, "t", 0))

	cl := client(t, c, manual(), kgo.ProducerBatchMaxBytes(1<<20), kgo.ProducerBatchCompression(kgo.NoCompression()))
	err := cl.ProduceSync(testContext(t), &kgo.Record{Topic: "t", Value: make([]byte, 5000)}).FirstErr()
	require.ErrorIs(t, err, kerr.MessageTooLarge)
	require.NoError(t, cl.ProduceSync(testContext(t), record("t", 0, 1)).FirstErr())
}

func TestCloseDoesNotWaitForObjectStorage(t *testing.T) {
	t.Parallel()
	c, f := startWithTrouble(t, embedded.Options{})
	createTopic(t, c, "t", 1, nil)
	release := make(chan struct{})
	defer close(release)
	f.start(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { // accepts, and hangs
		f.seen <- struct{}{}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	cl := client(t, c, manual())
	done := make(chan error, 1)
	go func() { done <- cl.ProduceSync(testContext(t), record("t", 0, 1)).FirstErr() }()
	<-f.seen
	require.NoError(t, c.Close())
	cl.Close()
	require.Error(t, <-done)
}
