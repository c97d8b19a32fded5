package kafkaproxy_test

import (
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

func clusterBehaviours() []behaviour {
	return []behaviour{
		{name: "metadata shows the brokers that clients may know", run: metadata},
		{name: "DescribeCluster shows the brokers that clients may know", run: describeCluster},
		{name: "coordinators are brokers that clients may know", run: coordinators},
		{name: "partitions are led by brokers that clients may know", run: describedPartitions},
		{name: "every broker says which versions it speaks", run: apiVersions},
	}
}

// known checks an address that clients are shown.
func (w *world) known(t *testing.T, node int32, host string, port int32) {
	t.Helper()
	address := net.JoinHostPort(host, strconv.Itoa(int(port)))
	switch w.mode {
	case modeSingle:
		require.Zero(t, node)
		require.Equal(t, []string{address}, w.bootstrap)
	case modeMirror:
		require.NotContains(t, w.brokers, address)
	default:
		require.Contains(t, w.brokers, address)
	}
}

// many is how many brokers clients see.
func (w *world) many() int {
	if w.mode == modeSingle {
		return 1
	}
	return len(w.brokers)
}

func metadata(t *testing.T, w *world) {
	t.Helper()
	topic := w.topic(t, 24) // more than one broker leads some of them, even where leaders are drawn by lot
	for _, versions := range []*kversion.Versions{kversion.V1_0_0(), kversion.V2_8_0(), kversion.Tip()} {
		shown, err := w.admin(t, kgo.MaxVersions(versions)).Metadata(w.context(t), topic)
		require.NoError(t, err)
		require.Len(t, shown.Brokers, w.many())
		for _, b := range shown.Brokers {
			w.known(t, b.NodeID, b.Host, b.Port)
		}
		require.Contains(t, shown.Brokers.NodeIDs(), shown.Controller)
		leaders := map[int32]struct{}{}
		for _, p := range shown.Topics[topic].Partitions {
			require.NoError(t, p.Err)
			leaders[p.Leader] = struct{}{}
			require.Contains(t, p.Replicas, p.Leader)
			require.Contains(t, p.ISR, p.Leader)
			for _, replica := range p.Replicas {
				require.Contains(t, shown.Brokers.NodeIDs(), replica)
			}
		}
		require.Equal(t, w.mode == modeSingle, len(leaders) == 1)
	}
}

func describeCluster(t *testing.T, w *world) {
	t.Helper()
	cl := w.client(t)
	response, err := kmsg.NewPtrDescribeClusterRequest().RequestWith(w.context(t), cl)
	require.NoError(t, err)
	require.Zero(t, response.ErrorCode)
	require.Len(t, response.Brokers, w.many())
	ids := map[int32]struct{}{}
	for _, b := range response.Brokers {
		w.known(t, b.NodeID, b.Host, b.Port)
		ids[b.NodeID] = struct{}{}
	}
	require.Contains(t, ids, response.ControllerID)
	shown, err := kadm.NewClient(cl).BrokerMetadata(w.context(t))
	require.NoError(t, err)
	require.Equal(t, shown.Cluster, response.ClusterID)
}

func coordinators(t *testing.T, w *world) {
	t.Helper()
	keys := []string{w.name("coordinated"), w.name("coordinated"), w.name("coordinated")}
	for _, versions := range []*kversion.Versions{kversion.V2_8_0(), kversion.Tip()} { // one at a time, several at a time
		admin := w.admin(t, kgo.MaxVersions(versions))
		for _, found := range []kadm.FindCoordinatorResponses{
			admin.FindGroupCoordinators(w.context(t), keys...), admin.FindTxnCoordinators(w.context(t), keys...),
		} {
			require.NoError(t, found.Error())
			require.Len(t, found, len(keys))
			for _, c := range found {
				w.known(t, c.NodeID, c.Host, c.Port)
			}
		}
	}
}

// describedPartitions asks as the admin client of Java does.
func describedPartitions(t *testing.T, w *world) {
	t.Helper()
	topic := w.topic(t, 9)
	asked := kmsg.NewDescribeTopicPartitionsRequestTopic()
	asked.Topic = topic
	request := kmsg.NewPtrDescribeTopicPartitionsRequest()
	request.Topics, request.ResponsePartitionLimit = append(request.Topics, asked), 2000
	cl := w.client(t)
	response, err := request.RequestWith(w.context(t), cl)
	require.NoError(t, err)
	require.Len(t, response.Topics, 1)
	require.Len(t, response.Topics[0].Partitions, 9)
	brokers, err := kadm.NewClient(cl).ListBrokers(w.context(t))
	require.NoError(t, err)
	for _, p := range response.Topics[0].Partitions {
		if w.backend != onKfake || w.mode == modeSingle { // the admin client of Java does not survive null, which kfake answers
			require.NotNil(t, p.EligibleLeaderReplicas)
			require.NotNil(t, p.LastKnownELR)
		}
		require.Contains(t, brokers.NodeIDs(), p.LeaderID)
		require.Contains(t, p.Replicas, p.LeaderID)
		require.Contains(t, p.ISR, p.LeaderID)
		for _, replica := range p.Replicas {
			require.Contains(t, brokers.NodeIDs(), replica)
		}
	}
}

func apiVersions(t *testing.T, w *world) {
	t.Helper()
	versions, err := w.admin(t).ApiVersions(w.context(t))
	require.NoError(t, err)
	require.Len(t, versions, w.many())
	for _, broker := range versions {
		require.NoError(t, broker.Err)
		greatest, ok := broker.KeyMaxVersion(int16(kmsg.Fetch))
		require.True(t, ok)
		require.LessOrEqual(t, greatest, kmsg.NewPtrFetchRequest().MaxVersion(), "more than the proxy understands")
	}
}
