package trust

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"k6suite/extension/kafka"
	"k6suite/extension/ledger"
)

// saw tells the ledger what a metadata answer showed of the cluster.
func (r *Run) saw(ctx context.Context, who string, asked time.Time, shape kafka.Shape) {
	m := ledger.Metadata{Who: who, Controller: shape.Controller, Asked: asked}
	for _, b := range shape.Brokers {
		address := net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))
		m.Brokers = append(m.Brokers, ledger.MetadataBroker{ID: b.ID, Address: r.canonical(ctx, address)})
	}
	for _, p := range shape.Leaders {
		if p.Partition < 0 {
			continue
		}
		if m.Leaders == nil {
			m.Leaders = map[ledger.TopicPartition]int32{}
		}
		m.Leaders[ledger.TopicPartition{Topic: p.Topic, Partition: p.Partition}] = p.Leader
	}
	r.ledger.SawMetadata(m)
}

// watched counts where clients go to. Where one address is promised, the ledger hears of any other: it came out of metadata.
func (r *Run) watched(dial kafka.DialFunc) kafka.DialFunc {
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	promised := r.endpointPromised()
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		r.dialed.Add(1)
		if promised != "" && r.canonical(ctx, address) != promised {
			r.ledger.SawMetadata(ledger.Metadata{
				Who: "a client that was sent there", Brokers: []ledger.MetadataBroker{{ID: -1, Address: address}}, Controller: -1,
			})
		}
		return dial(ctx, network, address)
	}
}

// canonical writes an address as the bootstrap address is written, where both are the same place: "localhost:9092" is no other
// address than "127.0.0.1:9092".
func (r *Run) canonical(ctx context.Context, address string) string {
	bootstrap := r.target.Kafka.Brokers[0]
	if address == bootstrap || samePlace(ctx, address, bootstrap) {
		return bootstrap
	}
	return address
}

func samePlace(ctx context.Context, a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil || portA != portB {
		return false
	}
	ipsA, errA := net.DefaultResolver.LookupHost(ctx, hostA)
	ipsB, errB := net.DefaultResolver.LookupHost(ctx, hostB)
	return errA == nil && errB == nil && slices.ContainsFunc(ipsA, func(ip string) bool { return slices.Contains(ipsB, ip) })
}

// endpointPromised is the one address behind which all must be, "" where the profile promises none.
func (r *Run) endpointPromised() string {
	if !r.target.Profile.Claims.SingleEndpoint {
		return ""
	}
	return r.target.Kafka.Brokers[0]
}

// everyoneReachable makes sure that a client with one address gets to every partition: each has a leader, and something listens at
// every address that metadata names. What is not so at once is given the profile's bound.
func (r *Run) everyoneReachable(ctx context.Context, cfg kafka.Config) error {
	admin, err := kafka.NewAdmin(cfg)
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close() }()
	began := time.Now()
	bound := time.Duration(r.target.Profile.Limits.Connect)
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		missing, err := r.unreachable(ctx, admin, cfg)
		if err != nil {
			return err
		}
		if missing == nil {
			return nil
		}
		if waited := time.Since(began); waited >= bound {
			missing.Who, missing.Waited = "preflight", waited.Round(time.Millisecond)
			r.ledger.Unreachable(*missing)
			return fmt.Errorf("a client that knows %s cannot reach all of the target: %s", cfg.Brokers[0], missing.Why)
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// unreachable looks once, and gives the first partition or broker that cannot be reached, nil if all can.
func (r *Run) unreachable(ctx context.Context, admin *kafka.Admin, cfg kafka.Config) (*ledger.Unreachable, error) {
	asked := time.Now()
	shape, err := admin.Shape(ctx, r.opts.Topics...)
	if err != nil {
		return nil, err
	}
	r.saw(ctx, "preflight", asked, shape)
	addresses := map[int32]string{}
	for _, b := range shape.Brokers {
		addresses[b.ID] = net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))
	}
	for _, p := range shape.Leaders {
		if _, known := addresses[p.Leader]; !known {
			return &ledger.Unreachable{
				Topic: p.Topic, Partition: p.Partition, Broker: p.Leader,
				Why: fmt.Sprintf("metadata names no leader for %s/%d that it lists (leader %d, %s)", p.Topic, p.Partition, p.Leader, errorText(p.Err)),
			}, nil
		}
	}
	for id, address := range addresses {
		if err := knock(ctx, cfg, address); err != nil {
			return &ledger.Unreachable{Partition: -1, Broker: id, Address: address, Why: fmt.Sprintf("broker %d at %s: %v", id, address, err)}, nil
		}
	}
	return nil, nil
}

func errorText(err error) string {
	if err == nil {
		return "no error"
	}
	return err.Error()
}

// knockTime bounds how long a broker may take to accept a connection before it is tried again.
const knockTime = 2 * time.Second

// knock reports whether something listens at an address, as clients would find out.
func knock(ctx context.Context, cfg kafka.Config, address string) error {
	ctx, cancel := context.WithTimeout(ctx, knockTime)
	defer cancel()
	dial := cfg.Dialer
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	conn, err := dial(ctx, "tcp", address)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("no connection within %s", knockTime)
		}
		return err
	}
	return conn.Close()
}

// lookAtMetadata asks what clients are shown of the brokers, and of who leads.
func (r *Run) lookAtMetadata(ctx context.Context, who string) error {
	admin, err := r.theAdmin()
	if err != nil {
		return err
	}
	asked := time.Now()
	shape, err := admin.Shape(ctx, r.opts.Topics...)
	if err != nil {
		return fmt.Errorf("asking for the brokers: %w", err)
	}
	r.saw(ctx, who, asked, shape)
	return nil
}

// tellSpread tells the ledger what brokers the record traffic went to, where that can be seen.
func (r *Run) tellSpread() map[int32]ledger.BrokerTraffic {
	proxy := r.target.proxy
	if proxy == nil {
		return nil
	}
	spread := map[int32]ledger.BrokerTraffic{}
	for node, t := range proxy.Traffic() {
		if !t.Live {
			continue // a broker that is gone idles rightly
		}
		spread[node] = ledger.BrokerTraffic{Connections: t.Connections, Requests: t.Requests}
	}
	r.ledger.Spread(spread)
	return spread
}
