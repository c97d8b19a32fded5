package kafka_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"k6suite/extension/kafka"
)

func TestEachBrokerSaysWhatItOffers(t *testing.T) {
	t.Parallel()
	_, config := cluster(t, kfake.NumBrokers(3))
	brokers, err := kafka.Versions(within(t), config)
	require.NoError(t, err)
	require.Len(t, brokers, 3)
	for i, b := range brokers {
		require.EqualValues(t, i, b.ID)
		require.Empty(t, b.Err)
		require.NotContains(t, b.Guess, "between")
		require.Regexp(t, `^Produce \d–\d+, Fetch \d+–\d+, ListOffsets `, b.String())
		require.Empty(t, b.Missing(""), "kfake speaks all that the suite uses")
		names, reasons := missing(b, "3.9")
		require.Equal(t, []string{"ConsumerGroupHeartbeat 1"}, names, "groups that the coordinator runs came with 4.0")
		require.Contains(t, reasons, "client.maxVersion 3.9 ends at 0: no groups that the coordinator runs")
	}
	_, err = kafka.Versions(within(t), kafka.Config{Brokers: []string{unused(t)}})
	require.ErrorContains(t, err, "nothing listens there")
}

// missing gives the names of what is missing, and the reasons together.
func missing(b kafka.BrokerVersions, maxVersion string) (names []string, reasons string) {
	var why []string
	for _, m := range b.Missing(maxVersion) {
		names = append(names, m.API)
		why = append(why, m.Why+": "+m.Cost)
	}
	return names, strings.Join(why, "\n")
}

func TestWhatAnOldBrokerLacksIsNamed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		lower   func(*kversion.Versions)
		want    []string
		because string
	}{
		"an API is missing": {
			func(v *kversion.Versions) { v.SetMaxKeyVersion(int16(kmsg.InitProducerID), -1) },
			[]string{"InitProducerID"},
			"the broker does not offer it: producers are not idempotent: profiles must not claim idempotence",
		},
		"a version is too low": {
			func(v *kversion.Versions) { v.SetMaxKeyVersion(int16(kmsg.CreateTopics), 2) },
			[]string{"CreateTopics 4"},
			"the broker offers CreateTopics 0–2: a topic has to say how many copies it has",
		},
		"transactions": {
			func(v *kversion.Versions) {
				for _, key := range []kmsg.Key{kmsg.AddPartitionsToTxn, kmsg.AddOffsetsToTxn, kmsg.TxnOffsetCommit, kmsg.EndTxn} {
					v.SetMaxKeyVersion(key.Int16(), -1)
				}
			},
			[]string{"AddPartitionsToTxn", "AddOffsetsToTxn", "TxnOffsetCommit", "EndTxn"},
			"no transactions",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			versions := kversion.V4_0_0()
			tc.lower(versions)
			_, config := cluster(t, kfake.MaxVersions(versions))
			brokers, err := kafka.Versions(within(t), config)
			require.NoError(t, err)
			names, reasons := missing(brokers[0], "")
			require.Equal(t, tc.want, names)
			require.Contains(t, reasons, tc.because)
		})
	}
}

func TestWhatAClientMayNotSpeakIsMissing(t *testing.T) {
	t.Parallel()
	broker := kafka.BrokerVersions{APIs: []kafka.API{}}
	kversion.V4_0_0().EachMaxKeyVersion(func(k, v int16) {
		broker.APIs = append(broker.APIs, kafka.API{Key: k, Name: kmsg.NameForKey(k), Max: v})
	})
	names, reasons := missing(broker, "0.10.2")
	require.Contains(t, names, "Produce 3")
	require.Contains(t, names, "InitProducerID")
	require.Contains(t, reasons, "client.maxVersion 0.10.2 ends at 2: records have no headers")
	require.Contains(t, reasons, "client.maxVersion 0.10.2 has no such API: producers are not idempotent")

	for i := range broker.APIs {
		if broker.APIs[i].Key == int16(kmsg.Fetch) {
			broker.APIs[i].Min = 12 // newer brokers drop what is old
		}
	}
	names, reasons = missing(broker, "2.4")
	require.Equal(t, []string{"Fetch 4", "ConsumerGroupHeartbeat 1", "ConsumerGroupDescribe"}, names)
	require.Contains(t, reasons, "and client.maxVersion 2.4 ends at 11")
	names, _ = missing(broker, "2.8")
	require.Equal(t, []string{"ConsumerGroupHeartbeat 1", "ConsumerGroupDescribe"}, names)
	names, _ = missing(broker, "4.0")
	require.Empty(t, names)

	broker.Err = "it hung up"
	require.Empty(t, broker.Missing("0.10.2"), "nothing is known of it")
	require.Equal(t, "it hung up", broker.String())
}

// What a profile's client.maxVersion allows is what goes over the wire, and no more.
func TestMaxVersionCapsWhatIsSpoken(t *testing.T) {
	t.Parallel()
	for maxVersion, want := range map[string]*kversion.Versions{"2.8": kversion.V2_8_0(), "3.4": kversion.V3_4_0(), "": nil} {
		t.Run("up to "+maxVersion, func(t *testing.T) {
			t.Parallel()
			fake, config := cluster(t, kfake.SeedTopics(1, "t"))
			config.MaxVersion = maxVersion
			var mu sync.Mutex
			spoken := map[int16]int16{}
			fake.Control(func(request kmsg.Request) (kmsg.Response, error, bool) {
				fake.KeepControl()
				mu.Lock()
				defer mu.Unlock()
				spoken[request.Key()] = max(spoken[request.Key()], request.GetVersion())
				return nil, nil, false
			})
			p := producer(t, config, kafka.ProducerOptions{})
			_, err := p.Send(within(t), values(1, "t"))
			require.NoError(t, err)
			brokers, err := kafka.Versions(within(t), config)
			require.NoError(t, err)
			mu.Lock()
			defer mu.Unlock()
			require.Contains(t, spoken, int16(kmsg.Produce))
			offered := map[int16]int16{}
			for _, a := range brokers[0].APIs {
				offered[a.Key] = a.Max
			}
			for key, version := range spoken {
				most := kmsg.RequestForKey(key).MaxVersion()
				if want != nil {
					limit, known := want.LookupMaxKeyVersion(key)
					require.True(t, known, kmsg.NameForKey(key))
					most = limit
				}
				require.Equal(t, min(most, offered[key]), version, kmsg.NameForKey(key))
			}
			if maxVersion == "2.8" {
				require.Less(t, spoken[int16(kmsg.Produce)], offered[int16(kmsg.Produce)], "without the cap it would have been more")
			}
		})
	}
}
