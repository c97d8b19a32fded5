package trust

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"

	"k6suite/extension/chaos"
	"k6suite/extension/chaos/kafkaproxy"
	"k6suite/extension/kafka"
	"k6suite/extension/profile"
)

// Faults is where faults on the target are injected.
func (t *Target) Faults() *chaos.Controller { return t.faults }

// openFaults finds what faults can act on, and starts the proxy if the profile asks for one.
func (t *Target) openFaults(ctx context.Context, logger *slog.Logger) (err error) {
	options := chaos.Options{WithoutKafka: fmt.Errorf(
		"no Kafka proxy stands before profile %s, so nothing on the wire can be disturbed: "+
			"set chaos.kafkaProxy, or K6_PROFILE_CHAOS_KAFKA_PROXY, to mirror or single-endpoint", t.Profile.Name)}
	switch {
	case t.embedded != nil && t.embedded.Endpoint() != nil:
		t.proxy = t.embedded.Endpoint()
	case t.Profile.Chaos != nil && t.Profile.Chaos.KafkaProxy != profile.NoKafkaProxy:
		if t.proxy, err = t.startProxy(ctx, logger); err != nil {
			return fmt.Errorf("profile %s: chaos.kafkaProxy: %w", t.Profile.Name, err)
		}
		t.Kafka.Brokers, t.Kafka.TLS = t.proxy.Addresses(), nil
	}
	options.Kafka = t.proxy
	t.faults = chaos.New(options)
	return nil
}

// startProxy puts a proxy before the brokers. It takes over the TLS to them: between clients and proxy is loopback.
func (t *Target) startProxy(ctx context.Context, logger *slog.Logger) (*kafkaproxy.Proxy, error) {
	secured, err := brokerTLS(t.Kafka.TLS)
	if err != nil {
		return nil, err
	}
	return kafkaproxy.Start(ctx, kafkaproxy.Options{
		Brokers: t.Kafka.Brokers, SingleEndpoint: t.Profile.Chaos.KafkaProxy == profile.SingleEndpointProxy,
		BrokerTLS: secured, Logger: logger,
	})
}

func brokerTLS(settings *kafka.TLS) (*tls.Config, error) {
	if settings == nil {
		return nil, nil
	}
	return settings.Config()
}

func (t *Target) closeFaults() {
	if t.faults != nil {
		t.faults.Close()
	}
	if t.proxy != nil {
		_ = t.proxy.Close()
	}
}
