package trust_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
	"k6suite/extension/trust"
)

// Other clients write to the topic before and while the run does. Who says so is told how much there is; who does not is told that the
// topic is taken, or that its records are phantoms.
func TestTopicsThatOthersUseToo(t *testing.T) {
	t.Parallel()
	const topic, strange = "orders", 200
	for name, shared := range map[string]bool{"shared": true, "its own": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := open(t, trust.TargetOptions{Profile: load(t, nil)})
			client, err := kgo.NewClient(kgo.SeedBrokers(target.Kafka.Brokers...), kgo.DefaultProduceTopic(topic), kgo.AllowAutoTopicCreation())
			require.NoError(t, err)
			defer client.Close()
			send := func() {
				for range strange / 2 {
					require.NoError(t, client.ProduceSync(t.Context(), &kgo.Record{Value: []byte("not of the run")}).FirstErr())
				}
			}
			run := newRun(t, target, func(o *trust.Options) { o.Topics, o.Shared = []string{topic}, shared })
			if shared {
				send()
			}
			traffic(t, run)
			send()
			if !shared {
				send()
			}
			verdict := judge(t, run)
			if shared {
				require.Equal(t, contract.Pass, verdict.Status, "%v %v", verdict.Findings, verdict.Doubts)
				require.Equal(t, strange, othersOf(t, verdict.Notes))
				return
			}
			require.Equal(t, contract.Fail, verdict.Status)
			for _, f := range verdict.Findings {
				require.Equal(t, ledger.Phantom, f.Code)
			}
			require.Zero(t, othersOf(t, verdict.Notes))
		})
	}
}

// othersOf sums what the notes say of records of others.
func othersOf(t *testing.T, notes []string) (sum int) {
	t.Helper()
	for _, note := range notes {
		if _, says, ok := strings.Cut(note, " holds "); ok && strings.Contains(note, "records of others") {
			sum += atoi(t, strings.Fields(says)[0])
		}
	}
	return sum
}

func atoi(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}
