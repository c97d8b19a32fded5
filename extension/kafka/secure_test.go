package kafka_test

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"k6suite/extension/certs"
	"k6suite/extension/kafka"
)

// secureKafka is the folder of a secured Apache Kafka that runs: scripts/kafka-up says what is in it.
func secureKafka(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("K6SUITE_TEST_KAFKA_SECURE")
	if dir == "" {
		t.Skip("needs a secured Apache Kafka: make kafka-up SECURITY=sasl_ssl, and its folder in K6SUITE_TEST_KAFKA_SECURE; " +
			".ci/run secure does so")
	}
	return dir
}

func address(t *testing.T, dir, name string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return []string{strings.TrimSpace(string(text))}
}

func TestApacheKafkaTakesEveryWayToProveWhoOneIs(t *testing.T) {
	t.Parallel()
	dir := secureKafka(t)
	in := func(name string) string { return filepath.Join(dir, name) }
	ca := kafka.TLS{CAFile: in("ca.pem")}
	byCertificate := kafka.TLS{CAFile: in("ca.pem"), CertFile: in("admin.cert.pem"), KeyFile: in("admin.key.pem"), ServerName: "localhost"}
	for name, c := range map[string]kafka.Config{
		"PLAIN": {Brokers: address(t, dir, "address"), TLS: &ca, SASL: &kafka.SASL{
			Mechanism: "PLAIN", User: "admin", PasswordFile: in("admin.password"),
		}},
		"SCRAM-SHA-256": {Brokers: address(t, dir, "address"), TLS: &ca, SASL: &kafka.SASL{
			Mechanism: "SCRAM-SHA-256", User: "admin", PasswordFile: in("admin.password"),
		}},
		"SCRAM-SHA-512": {Brokers: address(t, dir, "address"), TLS: &ca, SASL: &kafka.SASL{
			Mechanism: "SCRAM-SHA-512", User: "admin", PasswordFile: in("admin.password"),
		}},
		"OAUTHBEARER": {Brokers: address(t, dir, "address"), TLS: &ca, SASL: &kafka.SASL{
			Mechanism: kafka.OAuthBearer, TokenFile: in("admin.token"),
		}},
		"mutual TLS": {Brokers: address(t, dir, "address-tls"), TLS: &byCertificate},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			versions := make(chan uint16, 100)
			c.Secured = func(_ string, state tls.ConnectionState) {
				select {
				case versions <- state.Version:
				default:
				}
			}
			topic := "secure-" + uuid.NewString()
			a := admin(t, c)
			require.NoError(t, a.CreateTopic(within(t), kafka.TopicSpec{Topic: topic, Partitions: 1, Replication: 1}))
			_, err := producer(t, c, kafka.ProducerOptions{Topic: topic}).Send(within(t), values(5, ""))
			require.NoError(t, err)
			drain(t, consumer(t, c, kafka.ConsumerOptions{Topics: []string{topic}}), 5)
			require.NoError(t, a.DeleteTopics(within(t), topic))
			require.Equal(t, uint16(tls.VersionTLS13), <-versions)
		})
	}
}

func TestEachTroubleWithApacheKafkaHasItsSentence(t *testing.T) {
	t.Parallel()
	dir := secureKafka(t)
	w := newWorld(t)
	in := func(name string) string { return filepath.Join(dir, name) }
	sasl := func(s kafka.SASL) *kafka.SASL { return &s }
	var (
		secured, mutual, open = address(t, dir, "address"), address(t, dir, "address-tls"), address(t, dir, "address-plaintext")
		ca                    = kafka.TLS{CAFile: in("ca.pem")}
		elsewhere             = kafka.TLS{CAFile: in("ca.pem"), ServerName: "kafka.example"}
		right                 = kafka.SASL{Mechanism: "PLAIN", User: "admin", PasswordFile: in("admin.password")}
		wrong                 = w.file("password", wrongPassword)
		stranger              = w.as("mallory", w.issue(certs.Subject{Name: "mallory"}))
	)
	stranger.CAFile = ca.CAFile
	for name, c := range map[string]struct {
		config kafka.Config
		want   []string
	}{
		"a foreign authority": {
			kafka.Config{Brokers: secured, TLS: w.client(), SASL: &right},
			[]string{"TLS: the certificate of the broker (CN=kafka,O=k6suite) is signed by CN=k6suite authority,O=k6suite, which is " +
				"not in client.tls.caFile"},
		},
		"another name": {
			kafka.Config{Brokers: secured, TLS: &elsewhere, SASL: &right},
			[]string{"is valid for localhost, 127.0.0.1, and not for kafka.example"},
		},
		"no certificate where one is wanted": {
			kafka.Config{Brokers: mutual, TLS: &ca}, []string{"TLS: the broker wants a certificate of the client, and none is configured"},
		},
		"a certificate of somebody else's": {
			kafka.Config{Brokers: mutual, TLS: stranger}, []string{"TLS: the broker refuses the client's certificate (", "CN=mallory,O=k6suite"},
		},
		"plain text where TLS is spoken": {kafka.Config{Brokers: secured}, []string{"TLS: the listener speaks TLS, and the client plain text"}},
		"TLS where plain text is spoken": {
			kafka.Config{Brokers: open, TLS: &ca}, []string{"TLS: the listener speaks plain text, and the client TLS"},
		},
		"no authentication": {
			kafka.Config{Brokers: secured, TLS: &ca}, []string{
				"SASL: the broker wants clients to authenticate, by ", "OAUTHBEARER",
				": set client.sasl",
			},
		},
		"a wrong password, PLAIN": {
			kafka.Config{Brokers: secured, TLS: &ca, SASL: sasl(kafka.SASL{Mechanism: "PLAIN", User: "admin", PasswordFile: wrong})},
			[]string{"SASL: the broker refused the user admin by PLAIN: is the password in the file " + wrong + " right"},
		},
		"a wrong password, SCRAM": {
			kafka.Config{Brokers: secured, TLS: &ca, SASL: sasl(kafka.SASL{Mechanism: "SCRAM-SHA-256", User: "admin", PasswordFile: wrong})},
			[]string{"SASL: the broker refused the user admin by SCRAM-SHA-256: is the password in the file " + wrong + " right"},
		},
		"a token that is none": {
			kafka.Config{Brokers: secured, TLS: &ca, SASL: sasl(kafka.SASL{Mechanism: kafka.OAuthBearer, TokenFile: wrong})},
			[]string{"SASL: ", "OAUTHBEARER: is the token of the file " + wrong + " still valid"},
		},
		"authentication where there is none": {
			kafka.Config{Brokers: open, SASL: &right}, []string{"SASL: the listener lets clients in without: leave client.sasl out"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			_, err := kafka.Probe(within(t), c.config)
			require.Error(t, err)
			require.Less(t, time.Since(begun), 10*time.Second)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			require.NotContains(t, err.Error(), "hippopotamus")
			t.Log(err)
		})
	}
}
