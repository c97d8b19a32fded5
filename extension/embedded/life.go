package embedded

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// life is one life of the brokers: everything that is forgotten when they are killed.
type life struct {
	options  Options
	logger   *slog.Logger
	bucket   *bucket
	metrics  *metrics
	mischief mischief
	// disturbed reports whether there has been a fault on the wire before the brokers.
	disturbed func() bool

	kfake     *kfake.Cluster
	brokers   []*broker
	inner     *inner
	catalog   *catalog
	producers *producers
	documents *documents
	visible   sync.RWMutex // held for writing while kfake has markers that are not durable
	dataDir   string       // kfake's, where the life began with a restore

	ctx    context.Context //nolint:containedctx // the life is what the context is about
	cancel context.CancelFunc
	mu     sync.Mutex
	over   bool
	work   sync.WaitGroup // connections, drains, background work
}

// startLife starts the brokers on the ports and restores what the bucket holds. Until serve nobody is let in.
func startLife(ctx context.Context, c *Cluster, ports []int) (_ *life, err error) {
	l := &life{
		options: c.options, logger: c.options.Logger, metrics: c.metrics, mischief: c.mischief, disturbed: c.disturbed,
		bucket: &bucket{Store: c.storage.store, metrics: c.metrics}, producers: newProducers(),
	}
	l.catalog, l.documents = newCatalog(l), newDocuments(l)
	l.ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	defer func() {
		if err != nil {
			l.end()
		}
	}()
	found, err := l.survey(ctx)
	if err != nil {
		return nil, err
	}
	options := l.kfakeOptions(ports, found.cluster.ID)
	if found.exists {
		if l.dataDir, err = l.restore(ctx, found); err != nil {
			return nil, fmt.Errorf("restore the cluster from the bucket: %w", err)
		}
		options = append(options, kfake.DataDir(l.dataDir))
	}
	if l.kfake, err = kfake.NewCluster(options...); err != nil {
		return nil, fmt.Errorf("start the brokers: %w", err)
	}
	l.inner = newInner(l.kfake, l.brokers)
	if err := l.agree(found); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *life) kfakeOptions(ports []int, clusterID string) []kfake.Opt {
	options := []kfake.Opt{
		kfake.Ports(ports...),
		kfake.ListenFn(l.listen),
		kfake.ClusterID(clusterID),
		kfake.DefaultNumPartitions(l.options.DefaultPartitions),
		kfake.GroupMinSessionTimeout(100 * time.Millisecond),
		kfake.BrokerConfigs(map[string]string{
			"message.max.bytes": strconv.Itoa(l.options.MaxMessageBytes),
			// Transactions time out by our clock: kfake would append the marker behind our back.
			"transaction.max.timeout.ms": strconv.Itoa(kfakeTransactionTimeoutMillis),
		}),
	}
	if l.options.AutoCreate {
		options = append(options, kfake.AllowAutoTopicCreation())
	}
	return options
}

// serve lets the clients in.
func (l *life) serve() {
	for _, b := range l.brokers {
		l.background(func() {
			b.accept(func(conn net.Conn) {
				if l.enter() {
					defer l.work.Done()
					l.serveConnection(b, conn)
				}
			})
		})
	}
}

// enter counts a goroutine in, unless the life is over.
func (l *life) enter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return false
	}
	l.work.Add(1)
	return true
}

// background runs work that ends with the life.
func (l *life) background(work func()) {
	if l.enter() {
		go func() {
			defer l.work.Done()
			work()
		}()
	}
}

// end kills the brokers. Nothing is saved; nothing is left running.
func (l *life) end() {
	l.mu.Lock()
	l.over = true
	l.mu.Unlock()
	l.cancel()
	for _, p := range l.producers.all() {
		p.close(false)
	}
	for _, b := range l.brokers {
		b.kill()
	}
	l.work.Wait() // before kfake goes: calls to a closed kfake never return
	if l.inner != nil {
		l.inner.close()
	}
	if l.dataDir != "" {
		l.spoilDataDir()
	}
	if l.kfake != nil {
		l.kfake.Close()
	}
	if l.dataDir != "" {
		_ = os.Remove(l.dataDir)
	}
}

// spoilDataDir makes kfake's last save fail at once: a broker that is killed saves nothing.
func (l *life) spoilDataDir() {
	_ = os.RemoveAll(l.dataDir)
	_ = os.WriteFile(l.dataDir, nil, 0o600)
}

// handlerFor returns what serves a request.
func (l *life) handlerFor(key kmsg.Key) handler {
	return l.mischief.handler(l, key, l.honestHandler(key))
}

func (l *life) honestHandler(key kmsg.Key) handler {
	switch key {
	case kmsg.Metadata:
		return l.serveMetadata
	case kmsg.CreateTopics:
		return l.serveCreateTopics
	case kmsg.CreatePartitions, kmsg.AlterConfigs, kmsg.IncrementalAlterConfigs, kmsg.DeleteRecords:
		return l.serveTopicChange
	case kmsg.DeleteTopics:
		return l.serveDeleteTopics
	case kmsg.DescribeTopicPartitions:
		return serveDescribeTopicPartitions
	case kmsg.ListGroups:
		return serveListGroups
	case kmsg.Fetch, kmsg.ShareFetch:
		return l.serveFetch
	case kmsg.OffsetForLeaderEpoch:
		return l.serveOffsetForLeaderEpoch
	case kmsg.OffsetCommit:
		return l.serveOffsetCommit
	case kmsg.OffsetFetch:
		return l.serveOffsetFetch
	case kmsg.OffsetDelete:
		return l.serveOffsetDelete
	case kmsg.DeleteGroups:
		return l.serveDeleteGroups
	case kmsg.InitProducerID:
		return l.serveInitProducerID
	case kmsg.AddPartitionsToTxn:
		return l.serveAddPartitions
	case kmsg.AddOffsetsToTxn:
		return l.serveAddOffsets
	case kmsg.TxnOffsetCommit:
		return l.serveTxnOffsetCommit
	case kmsg.EndTxn:
		return l.serveEndTxn
	case kmsg.WriteTxnMarkers:
		return l.serveMarkers
	default:
		return forward
	}
}

func forward(ctx context.Context, x *exchange) error { return x.forward(ctx) }

// serveFetch holds a response back while it may show markers that are not durable.
func (l *life) serveFetch(ctx context.Context, x *exchange) error {
	err := x.forward(ctx)
	l.visible.RLock()
	l.visible.RUnlock() //nolint:staticcheck // an empty critical section is how to wait
	return err
}
