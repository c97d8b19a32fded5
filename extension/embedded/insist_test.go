package embedded_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos/platform"
	"k6suite/extension/chaos/s3proxy"
	"k6suite/extension/embedded"
)

func TestARestartComesThroughStorageThatIsOutOfOrder(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]s3proxy.Rule{
		"out":     {Storage: s3proxy.Names{"*"}, Action: s3proxy.Refuse},
		"errors":  {Storage: s3proxy.Names{"*"}, Action: s3proxy.Error, Code: "SlowDown"},
		"torn":    {Storage: s3proxy.Names{"GET"}, Action: s3proxy.Truncate, Fraction: 0.5},
		"changed": {Storage: s3proxy.Names{"GET"}, Action: s3proxy.Corrupt, Key: "*/segment-*", Times: 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t, embedded.Options{})
			createTopic(t, c, "t", 1, nil)
			sent := traffic(t, c)
			for id := range int32(3) {
				require.NoError(t, c.Kill(testContext(t), id))
			}
			fault := upset(t, c, rule)
			started := make(chan error, 1)
			go func() { started <- c.Start(testContext(t), 0) }()
			require.NoError(t, fault.WaitHits(testContext(t), 5))
			if rule.Times == 0 {
				require.Empty(t, started, "it waits")
			}
			fault.Stop()
			require.NoError(t, <-started)
			requireSameLog(t, sent, read(t, c, "t", 0))
		})
	}
}

func TestARestartWaitsForStorageNoLongerThanItsContext(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{Brokers: 1})
	createTopic(t, c, "t", 1, nil)
	require.NoError(t, c.Kill(testContext(t), 0))
	fault := upset(t, c, s3proxy.Rule{Storage: s3proxy.Names{"*"}, Action: s3proxy.Refuse})
	ctx, cancel := context.WithCancel(testContext(t))
	started := make(chan error, 1)
	go func() { started <- c.Start(ctx, 0) }()
	require.NoError(t, fault.WaitHits(testContext(t), 3))
	cancel()
	require.ErrorContains(t, <-started, "start broker 0")
	require.Equal(t, platform.Dead, states(t, c)[0])
	fault.Stop()
	require.NoError(t, c.Start(testContext(t), 0))
}
