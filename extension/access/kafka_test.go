package access_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/access"
	"k6suite/extension/kafka"
)

// secured names the folder of a node that KAFKA_SECURITY=sasl_ssl scripts/kafka-up has started.
const secured = "K6SUITE_TEST_KAFKA_SECURE"

func TestApacheKafkaServesWhoMayAndRefusesWhoMayNot(t *testing.T) {
	t.Parallel()
	dir := os.Getenv(secured)
	if dir == "" {
		t.Skipf("%s is not set: a secured Apache Kafka is needed (.ci/run secure)", secured)
	}
	address, err := os.ReadFile(filepath.Join(dir, "address"))
	require.NoError(t, err)
	by := func(user, mechanism string) kafka.Config {
		return kafka.Config{
			Brokers: strings.Split(strings.TrimSpace(string(address)), ","),
			TLS:     &kafka.TLS{CAFile: filepath.Join(dir, "ca.pem")},
			SASL:    &kafka.SASL{Mechanism: mechanism, User: user, PasswordFile: filepath.Join(dir, user+".password")},
		}
	}
	report := run(t, access.Options{
		Admin: by("admin", "SCRAM-SHA-512"), Name: "test-" + strings.ToLower(t.Name()[:8]),
		Principals: []access.Principal{
			{Name: "alice", User: access.UserOf("alice"), Kafka: by("alice", "SCRAM-SHA-256")},
			{Name: "bob", User: access.UserOf("bob"), Kafka: by("bob", "PLAIN")},
		},
	})
	require.Empty(t, odd(report))
}
