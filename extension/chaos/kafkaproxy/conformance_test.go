package kafkaproxy_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/chaos/kafkaproxy"
	"k6suite/extension/embedded"
)

// A behaviour is something that clients do, and what they must see of it: with the brokers themselves, and no less through the
// proxy.
type behaviour struct {
	name string
	run  func(t *testing.T, w *world)
}

func behaviours() []behaviour {
	var all []behaviour
	for _, group := range [][]behaviour{
		produceBehaviours(), fetchBehaviours(), transactionBehaviours(), groupBehaviours(), topicBehaviours(), adminBehaviours(),
		groupAdminBehaviours(), clusterBehaviours(),
	} {
		all = append(all, group...)
	}
	return all
}

// backend is what runs behind the proxy: three brokers.
type backend string

const (
	onKfake    backend = "kfake"
	onEmbedded backend = "embedded"
	onKafka    backend = "kafka" // Apache Kafka, or what else the environment names
)

// realBrokers names the environment variable that has the addresses of a Kafka of several brokers, such as make kafka-up NODES=3
// starts.
const realBrokers = "K6SUITE_TEST_KAFKA"

// start returns the addresses of the brokers.
func (b backend) start(t *testing.T) []string {
	t.Helper()
	switch b {
	case onKfake:
		cluster, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.GroupMinSessionTimeout(100*time.Millisecond))
		require.NoError(t, err)
		t.Cleanup(cluster.Close)
		hasten(t, cluster.ListenAddrs())
		return cluster.ListenAddrs()
	case onEmbedded:
		cluster, err := embedded.Start(t.Context(), embedded.Options{})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, cluster.Close()) })
		hasten(t, cluster.Bootstrap())
		return cluster.Bootstrap()
	default:
		addresses := os.Getenv(realBrokers)
		if addresses == "" {
			t.Skipf("%s names no Kafka: make kafka-up NODES=3, and set it to what is in .run/kafka/address", realBrokers)
		}
		warm(t, strings.Split(addresses, ","))
		return strings.Split(addresses, ",")
	}
}

// hasten has members of KIP-848 groups heard more often: with that protocol it is not the client who says.
func hasten(t *testing.T, brokers []string) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	require.NoError(t, err)
	defer cl.Close()
	interval, session := "100", "1000"
	altered, err := kadm.NewClient(cl).AlterBrokerConfigs(t.Context(), []kadm.AlterConfig{
		{Name: "group.consumer.heartbeat.interval.ms", Value: &interval}, {Name: "group.consumer.session.timeout.ms", Value: &session},
	})
	require.NoError(t, err)
	require.NoError(t, altered[0].Err)
}

// warm has Kafka make its topics for groups and transactions, and all their coordinators ready: clients that retry little follow.
func warm(t *testing.T, brokers []string) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	require.NoError(t, err)
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	admin := kadm.NewClient(cl)
	require.Eventually(t, func() bool {
		found := admin.FindGroupCoordinators(ctx, "warm")
		return found.Error() == nil && admin.FindTxnCoordinators(ctx, "warm").Error() == nil
	}, patience, 50*time.Millisecond)
	require.Eventually(t, func() bool {
		topics, err := admin.ListTopicsWithInternal(ctx, "__consumer_offsets", "__transaction_state")
		if err != nil || topics.Error() != nil {
			return false
		}
		_, errGroups := admin.ListGroups(ctx)
		_, errTransactions := admin.ListTransactions(ctx, nil, nil)
		return errGroups == nil && errTransactions == nil // an error as long as one of the coordinators is loading
	}, patience, 50*time.Millisecond)
}

// mode is how clients reach the backend.
type mode string

const (
	modeDirect mode = "direct" // the table itself is right
	modeMirror mode = "mirror"
	modeSingle mode = "single endpoint"
)

func (m mode) bootstrap(t *testing.T, brokers []string) []string {
	t.Helper()
	if m == modeDirect {
		return brokers
	}
	return start(t, kafkaproxy.Options{Brokers: brokers, SingleEndpoint: m == modeSingle}).Addresses()
}

func conformanceModes() []mode { return []mode{modeDirect, modeMirror, modeSingle} }

func TestConformance(t *testing.T) {
	t.Parallel()
	for _, b := range []backend{onKfake, onEmbedded, onKafka} {
		t.Run(string(b), func(t *testing.T) {
			t.Parallel()
			brokers := b.start(t)
			for _, m := range conformanceModes() {
				t.Run(string(m), func(t *testing.T) {
					t.Parallel()
					conform(t, newWorld(t, b, m, brokers))
				})
			}
		})
	}
}

func conform(t *testing.T, w *world) {
	t.Helper()
	for _, b := range behaviours() {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			w.ran.Add(1)
			b.run(t, w)
		})
	}
}
