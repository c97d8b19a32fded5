package access

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"k6suite/extension/kafka"
	"k6suite/extension/ledger"
)

// party is one principal with its client. Requests go to the broker that they are for, once, just as they are: a client that routes and
// retries would look for topics that its principal must not see, and tell of its own trouble instead of the broker's answer.
type party struct {
	name    string
	client  *kgo.Client
	admin   *kadm.Client
	brokers map[int32]*kgo.Broker
	timeout time.Duration
}

// highest are the last versions of some APIs that are for clients, that name topics and ask for one key.
func highest() map[kmsg.Key]int16 {
	return map[kmsg.Key]int16{
		kmsg.Produce: 12, kmsg.Fetch: 12, kmsg.OffsetCommit: 9, kmsg.OffsetFetch: 7, kmsg.FindCoordinator: 3,
		kmsg.AddPartitionsToTxn: 3, kmsg.AddOffsetsToTxn: 3, kmsg.EndTxn: 4, kmsg.TxnOffsetCommit: 4,
	}
}

func versions(cfg kafka.Config) *kversion.Versions {
	known := kversion.Stable()
	if cfg.MaxVersion != "" {
		known = kversion.FromString("v" + cfg.MaxVersion)
	}
	for key, most := range highest() {
		if now, ok := known.LookupMaxKeyVersion(int16(key)); ok && now > most {
			known.SetMaxKeyVersion(int16(key), most)
		}
	}
	return known
}

// metadataAge bounds how old the metadata is by which the administrator looks for what came of a request.
const metadataAge = 10 * time.Millisecond

// connect makes a client that knows all brokers, and has its principal prove who it is.
func (w *world) connect(ctx context.Context, who Principal) (*party, error) {
	name, cfg, brokers, timeout := who.Name, who.Kafka, w.brokers, w.options.Timeout
	cfg.Brokers = nil
	for _, b := range brokers {
		cfg.Brokers = append(cfg.Brokers, net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port))))
	}
	opts, err := cfg.Options()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	opts = append(opts, kgo.MaxVersions(versions(cfg)), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.RecordDeliveryTimeout(timeout), kgo.MetadataMinAge(metadataAge))
	if who.Proof != nil {
		opts = append(opts, kgo.SASL(who.Proof))
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p := &party{name: name, client: client, admin: kadm.NewClient(client), brokers: map[int32]*kgo.Broker{}, timeout: timeout}
	for i, seed := range client.SeedBrokers() {
		p.brokers[brokers[i].ID] = seed
	}
	hello := kmsg.NewPtrMetadataRequest()
	hello.Topics = []kmsg.MetadataRequestTopic{}
	if _, err := p.send(ctx, brokers[0].ID, hello); err != nil {
		client.Close()
		return nil, fmt.Errorf("%s (%s) cannot connect: %w", name, who.User, err)
	}
	return p, nil
}

// send asks one broker, once.
func (p *party) send(ctx context.Context, node int32, request kmsg.Request) (kmsg.Response, error) {
	broker := p.brokers[node]
	if broker == nil {
		return nil, fmt.Errorf("broker %d is not among those that the first metadata answer named", node)
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	return broker.Request(ctx, request)
}

// outcomeOf says how a request ended that has no answer.
func outcomeOf(err error) ledger.AccessOutcome {
	name := kafka.ErrorName(err)
	switch {
	case errors.Is(err, context.DeadlineExceeded), name == "DEADLINE_EXCEEDED", name == "CONNECTION_TIMEOUT":
		return ledger.AccessTimedOut
	case name == "CONNECTION_LOST":
		return ledger.AccessDisconnected
	default:
		return ledger.AccessFailed
	}
}
