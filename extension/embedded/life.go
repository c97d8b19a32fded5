package embedded

import (
	"context"
	"crypto/tls"
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
	access   *access     // nil: everybody may do everything
	tls      *tls.Config // of who accepts clients; nil: plain text
	metrics  *metrics
	mischief mischief
	// disturbed reports whether there has been a fault on the wire before the brokers.
	disturbed func() bool

	kfake        *kfake.Cluster
	doorways     []*doorway // by kfake node
	brokers      []*broker  // that the life began with
	members      *members
	leading      sync.Mutex // held by who changes leaders
	inner        *inner
	catalog      *catalog
	producers    *producers
	documents    *documents
	coordinators coordinators
	visible      sync.RWMutex // held for writing while kfake has markers that are not durable
	dataDir      string       // kfake's, where the life began with a restore

	ctx    context.Context //nolint:containedctx // the life is what the context is about
	cancel context.CancelFunc
	mu     sync.Mutex
	over   bool
	work   sync.WaitGroup // connections, drains, background work
}

// startLife starts brokers and restores what the bucket holds. Until serve nobody is let in.
func startLife(ctx context.Context, c *Cluster, brokers []*broker) (_ *life, err error) {
	l := &life{
		options: c.options, logger: c.options.Logger, metrics: c.metrics, mischief: c.mischief, disturbed: c.disturbed,
		bucket: &bucket{Store: c.storage.store, metrics: c.metrics}, producers: newProducers(),
		brokers: brokers, members: newMembers(brokers), access: newAccess(c.options.Access), tls: c.brokerTLS(),
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
	options := l.kfakeOptions(found.cluster.ID)
	if found.exists {
		if l.dataDir, err = l.restore(ctx, found); err != nil {
			return nil, fmt.Errorf("restore the cluster from the bucket: %w", err)
		}
		options = append(options, kfake.DataDir(l.dataDir))
	}
	if l.kfake, err = kfake.NewCluster(options...); err != nil {
		return nil, fmt.Errorf("start the brokers: %w", err)
	}
	l.inner = newInner(l.kfake, l.doorways, l.access)
	if err := l.agree(found); err != nil {
		return nil, err
	}
	if err := l.restoreACLs(ctx, found); err != nil {
		return nil, err
	}
	for _, b := range brokers {
		if err := b.start(ctx, l); err != nil {
			return nil, err
		}
	}
	l.divide()
	return l, nil
}

func (l *life) kfakeOptions(clusterID string) []kfake.Opt {
	options := []kfake.Opt{
		kfake.NumBrokers(maxBrokers + 1),
		kfake.ListenFn(func(string, string) (net.Listener, error) {
			d := newDoorway()
			l.doorways = append(l.doorways, d)
			return d, nil
		}),
		kfake.ClusterID(clusterID),
		kfake.DefaultNumPartitions(l.options.DefaultPartitions),
		kfake.BrokerConfigs(consumerGroupConfigs()),
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
	return append(options, l.access.kfakeOptions()...)
}

// divide has the members of a new life lead what there is.
func (l *life) divide() {
	l.leading.Lock()
	defer l.leading.Unlock()
	l.settle(nobodyCares)
	for _, b := range l.members.all() {
		if s := l.leadership(); s.totals[b.node] == 0 {
			l.share(b)
		}
	}
	l.endHandovers()
}

// serve lets the clients in.
func (l *life) serve() {
	for _, b := range l.brokers {
		l.open(b)
	}
}

// open lets the clients of one broker in.
func (l *life) open(b *broker) {
	p := b.alive()
	l.background(func() {
		p.accept(func(sock net.Conn) {
			if !l.enter() {
				reset(sock)
				return
			}
			defer l.work.Done()
			l.serveConnection(p, sock)
		})
	})
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

// end ends the life of the brokers. Nothing is saved; nothing is left running. The processes are killed before.
func (l *life) end() {
	l.mu.Lock()
	l.over = true
	l.mu.Unlock()
	l.cancel()
	for _, p := range l.producers.all() {
		p.close(false)
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
		return l.serveDescribeTopicPartitions
	case kmsg.DescribeCluster:
		return l.serveDescribeCluster
	case kmsg.FindCoordinator:
		return l.serveFindCoordinator
	case kmsg.ListConfigResources:
		return l.serveListConfigResources
	case kmsg.ListGroups:
		return l.serveListGroups
	case kmsg.ElectLeaders:
		return l.serveElectLeaders
	case kmsg.Fetch, kmsg.ShareFetch:
		return l.serveFetch
	case kmsg.OffsetForLeaderEpoch:
		return l.serveOffsetForLeaderEpoch
	case kmsg.ConsumerGroupDescribe:
		return l.serveConsumerGroupDescribe
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
	case kmsg.CreateACLs, kmsg.DeleteACLs:
		return l.serveACLChange
	case kmsg.SASLHandshake:
		return l.serveHandshake
	case kmsg.SASLAuthenticate:
		return l.serveAuthenticate
	default:
		return forward
	}
}

func forward(ctx context.Context, x *exchange) error { return x.forward(ctx) }
