package embedded_test

import (
	"context"
	"maps"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/chaos/kafkaproxy"
	"k6suite/extension/embedded"
)

// endpointEffects look for what the lies do that concern the one address, and the brokers behind it.
var endpointEffects = map[string]func(t *testing.T, c *embedded.Cluster) bool{
	"own-address": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		for range 10 { // not every answer lies
			if brokers := metadata(t, c).Brokers; len(brokers) > 1 {
				require.Contains(t, c.Nodes(), address(brokers[1]))
				return true
			}
		}
		return false
	},
	"hide-leader": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		return metadata(t, c).Topics["t"].Partitions[0].Leader < 0
	},
	"one-broker": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		createTopic(t, c, "many", 6, nil)
		counts := map[int32]int{}
		cl := client(t, c, kgo.SeedBrokers(c.Nodes()...)) // behind the endpoint
		described, err := kadm.NewClient(cl).ListTopics(testContext(t), "many")
		require.NoError(t, err)
		for _, p := range described["many"].Partitions {
			counts[p.Leader]++
		}
		require.True(t, len(counts) == 1 || maps.Equal(counts, map[int32]int{0: 2, 1: 2, 2: 2}), counts)
		return len(counts) == 1
	},
	"stay-stuck": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		cl := client(t, c, manual(), kgo.DisableIdempotentWrite())
		var faults []*kafkaproxy.Fault
		hit := make(chan struct{}, len(c.Nodes()))
		for node := range c.Nodes() {
			broker := int32(node) // producers alone: the lie is told of the first that is cut off, and that is to be the leader
			fault, err := c.Endpoint().Inject(kafkaproxy.Rule{Broker: &broker, API: kafkaproxy.Names{"Produce"}, Action: kafkaproxy.Blackhole})
			require.NoError(t, err)
			faults = append(faults, fault)
			go func() {
				if fault.WaitHits(testContext(t), 1) == nil {
					hit <- struct{}{}
				}
			}()
		}
		cut, stop := context.WithCancel(testContext(t))
		defer stop()
		cl.Produce(cut, record("t", 0, 1), nil)
		<-hit
		for _, fault := range faults { // before the client gives up and closes what is to be reset
			fault.Stop()
		}
		other := client(t, c, manual(), kgo.DisableIdempotentWrite())
		for range 100 { // the first may come before the reset is noticed
			ctx, cancel := context.WithTimeout(testContext(t), 3*time.Second)
			err := other.ProduceSync(ctx, record("t", 0, 1)).FirstErr()
			cancel()
			if err != nil {
				require.ErrorIs(t, err, context.DeadlineExceeded)
				stop()
				require.NoError(t, c.Restart(testContext(t)))
				require.NoError(t, client(t, c, manual()).ProduceSync(testContext(t), record("t", 0, 2)).FirstErr(), "a restart cures it")
				return true
			}
		}
		return false
	},
}

func metadata(t *testing.T, c *embedded.Cluster) kadm.Metadata {
	t.Helper()
	all, err := kadm.NewClient(client(t, c)).Metadata(testContext(t))
	require.NoError(t, err)
	return all
}

func address(b kadm.BrokerDetail) string { return net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port))) }

// optionsFor gives what a lie needs to be told: some are about the single endpoint.
func optionsFor(lie embedded.Lie) embedded.Options {
	aboutOne := strings.HasPrefix(lie.Rule, "METADATA_LIE") && !lie.Direct
	options := embedded.Options{SingleEndpoint: aboutOne || lie.Name == "stay-stuck" || lie.Connections > 0}
	if lie.TLS {
		options.TLS = &embedded.TLS{}
	}
	if strings.HasPrefix(lie.Name, "acl-") {
		options.Access = guarded().Access
	}
	if lie.Chaos {
		options.Lease = shortLease
	}
	return options
}
