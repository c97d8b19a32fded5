package trust_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/embedded"
	"k6suite/extension/kafka"
	"k6suite/extension/trust"
)

func TestTheEmbeddedTargetIsJudgedOverTLS(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]map[string]string{
		"single endpoint": {"K6_PROFILE_EMBEDDED_TLS": "true"},
		"mutual":          {"K6_PROFILE_EMBEDDED_TLS": "mutual"},
		"brokers":         {"K6_PROFILE_EMBEDDED_TLS": "true", "K6_PROFILE_CLAIMS_SINGLE_ENDPOINT": "false"},
		"brokers behind a proxy of faults": {
			"K6_PROFILE_EMBEDDED_TLS": "mutual", "K6_PROFILE_CLAIMS_SINGLE_ENDPOINT": "false", "K6_PROFILE_CHAOS_KAFKA_PROXY": "mirror",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := newRun(t, open(t, trust.TargetOptions{Profile: load(t, env)}), nil)
			traffic(t, run)
			v := judge(t, run)
			require.Empty(t, v.Findings)
			if env["K6_PROFILE_CHAOS_KAFKA_PROXY"] != "" {
				require.Equal(t, contract.Inconclusive, statuses(v)["F1.3"], "it is the proxy that speaks TLS")
				return
			}
			require.Equal(t, contract.Pass, statuses(v)["F1.3"], "%+v", v)
		})
	}
}

// What clients see of a certificate that is wrong now and then is no error beside that.
func TestEachLieAboutCertificatesIsFoundByItsRuleAlone(t *testing.T) {
	t.Parallel()
	found := 0
	for _, lie := range embedded.Lies() {
		if !lie.TLS {
			continue
		}
		found++
		t.Run(lie.Name, func(t *testing.T) {
			t.Parallel()
			secured := load(t, map[string]string{"K6_PROFILE_EMBEDDED_TLS": "true"})
			run := newRun(t, open(t, trust.TargetOptions{Profile: secured, Lies: []string{lie.Name}, Seed: 1}), nil)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			_, err := run.Prepare(ctx)
			require.NoError(t, err)
			// both may meet the lie
			_, _ = run.Produce(ctx, 1, trust.ProduceOptions{Records: 200})
			_, _ = run.Consume(ctx, 1, trust.ConsumeOptions{Timeout: 5 * time.Second})
			v := judge(t, run)
			require.NotEmpty(t, v.Findings)
			for _, f := range v.Findings {
				require.Equal(t, lie.Rule, f.Rule(), f.Detail)
			}
			require.Equal(t, contract.Fail, v.Status)
			require.Equal(t, contract.Fail, statuses(v)["F1.3"])
			require.Positive(t, v.LieHits[lie.Name])
		})
	}
	require.Equal(t, 2, found)
}

func TestWhatDoesNotFitTheEmbeddedTargetHasItsSentence(t *testing.T) {
	t.Parallel()
	const secured, client = "K6_PROFILE_EMBEDDED_TLS", "K6_PROFILE_CLIENT_TLS_ENABLED"
	another := open(t, trust.TargetOptions{Profile: load(t, map[string]string{secured: "true"})})
	for name, c := range map[string]struct {
		env    map[string]string
		change func(*kafka.Config)
		want   string
	}{
		"another name": {
			map[string]string{secured: "true", client: "true", "K6_PROFILE_CLIENT_TLS_SERVER_NAME": "kafka.example"},
			nil,
			"TLS: the certificate of the broker (CN=k6suite embedded,O=k6suite) is valid for localhost, 127.0.0.1, and not for kafka.example",
		},
		"TLS where plain text is spoken": {
			map[string]string{client: "true"}, nil, "TLS: the listener speaks plain text, and the client TLS: set client.tls.enabled to false",
		},
		"plain text where TLS is spoken": {
			map[string]string{secured: "true"},
			func(k *kafka.Config) { k.TLS = nil },
			"TLS: the listener speaks TLS, and the client plain text: set client.tls.enabled to true",
		},
		"a foreign authority": {
			map[string]string{secured: "true"},
			func(k *kafka.Config) { k.TLS.CA = another.Kafka.TLS.CA },
			"is signed by CN=k6suite embedded authority,O=k6suite, which is not the authority that this run has made for its target",
		},
		"no certificate of the client": {
			map[string]string{secured: "mutual"},
			func(k *kafka.Config) { k.TLS.Cert, k.TLS.Key = nil, nil },
			"TLS: the broker wants a certificate of the client, and none is configured",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := open(t, trust.TargetOptions{Profile: load(t, c.env)})
			if c.change != nil {
				c.change(&target.Kafka)
			}
			run := newRun(t, target, nil)
			info, err := run.Prepare(t.Context())
			require.NoError(t, err)
			require.False(t, info.Reached)
			require.ErrorContains(t, run.Stopped(), c.want)
			v := judge(t, run)
			require.Equal(t, contract.Inconclusive, v.Status)
			require.Empty(t, v.Findings, "it may be the client that is wrong")
		})
	}
}

func TestAStormOverTLS(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"true", "mutual"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			report, v := stormedWithin(t, trust.TargetOptions{Profile: load(t, map[string]string{"K6_PROFILE_EMBEDDED_TLS": how})}, 300, time.Minute)
			require.Equal(t, 300, report.Stages[0].Open)
			require.Equal(t, 300, report.Again.Open)
			require.Positive(t, report.Counts.HalfOpen)
			require.Empty(t, v.Findings)
			require.Equal(t, contract.Pass, statuses(v)["F1.3"])
			require.Equal(t, contract.Pass, statuses(v)["NFR1.5"])
		})
	}
}
