package trust_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/kafka"
	"k6suite/extension/trust"
)

func TestAGroupThatTheCoordinatorRunsIsJudgedAsAnyOther(t *testing.T) {
	t.Parallel()
	target := open(t, trust.TargetOptions{Profile: load(t, nil)})
	run := newRun(t, target, func(o *trust.Options) { o.Script, o.Records = "consumer_groups", 600 })
	_, err := run.Prepare(t.Context())
	require.NoError(t, err)
	const members = 2
	read := make(chan error, members)
	for vu := range int64(members) {
		go func() {
			got, err := run.Consume(t.Context(), vu, trust.ConsumeOptions{Group: "g", Protocol: kafka.ProtocolConsumer, Timeout: 3 * time.Minute})
			if err == nil && !got.Complete {
				err = fmt.Errorf("%d records are missing", got.Missing)
			}
			read <- err
		}()
	}
	require.True(t, run.MembersSeen(t.Context(), "g", members, 2*time.Minute))
	_, err = run.Produce(t.Context(), 1, trust.ProduceOptions{Records: 400, Keys: 10, Timeout: time.Minute})
	require.NoError(t, err)
	comesAndGoes := trust.ConsumeOptions{Group: "g", Protocol: kafka.ProtocolConsumer, For: time.Second}
	guest, err := run.Consume(t.Context(), 3, comesAndGoes)
	require.NoError(t, err)
	require.Empty(t, guest.Stopped)
	_, err = run.Produce(t.Context(), 1, trust.ProduceOptions{Records: 200, Keys: 10, Timeout: time.Minute})
	require.NoError(t, err)
	for range members {
		require.NoError(t, <-read)
	}
	admin, err := kafka.NewAdmin(target.Kafka)
	require.NoError(t, err)
	defer func() { require.NoError(t, admin.Close()) }()
	groups, err := admin.DescribeGroups(t.Context(), "g")
	require.NoError(t, err)
	require.Equal(t, kafka.ProtocolConsumer, groups[0].Type)
	require.Empty(t, groups[0].Members)
	verdict := judge(t, run)
	require.Empty(t, verdict.Findings)
	require.Empty(t, verdict.Doubts)
}

func TestWhatTheCoordinatorDecidesCannotBeAskedFor(t *testing.T) {
	t.Parallel()
	require.NoError(t, trust.ConsumeOptions{Group: "g", Protocol: kafka.ProtocolConsumer, Crash: true}.Check())
	require.NoError(t, trust.ConsumeOptions{Group: "g", Protocol: kafka.ProtocolClassic, Heartbeat: time.Second}.Check())
	for want, o := range map[string]trust.ConsumeOptions{
		"protocol is for members of a group":                            {Protocol: kafka.ProtocolConsumer},
		"heartbeat and crash are for members of a group":                {Protocol: kafka.ProtocolConsumer, Crash: true},
		"balancer, sessionTimeout and heartbeat are the coordinator's":  {Group: "g", Protocol: kafka.ProtocolConsumer, Balancer: "range"},
		"are the coordinator's with protocol consumer: leave them out":  {Group: "g", Protocol: kafka.ProtocolConsumer, Heartbeat: time.Second},
		"sessionTimeout and heartbeat are the coordinator's with proto": {Group: "g", Protocol: kafka.ProtocolConsumer, SessionTimeout: 9},
	} {
		require.ErrorContains(t, o.Check(), want)
	}
}
