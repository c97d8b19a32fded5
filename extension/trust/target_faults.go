package trust

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"

	"k6suite/extension/chaos"
	"k6suite/extension/chaos/kafkaproxy"
	"k6suite/extension/kafka"
	"k6suite/extension/profile"
)

// Faults is where faults on the target are injected.
func (t *Target) Faults() *chaos.Controller { return t.faults }

// openFaults finds what faults can act on, and starts the Kafka proxy if the profile asks for one.
func (t *Target) openFaults(ctx context.Context, logger *slog.Logger) error {
	if err := t.openKafkaProxy(ctx, logger); err != nil {
		return fmt.Errorf("profile %s: chaos.kafkaProxy: %w", t.Profile.Name, err)
	}
	options := chaos.Options{
		Kafka: t.proxy, WithoutKafka: cannot(t.Profile, NeedWire),
		Platform: t.platform, WithoutPlatform: cannot(t.Profile, "kill"),
		WithoutStorage: cannot(t.Profile, NeedStorage),
		Locate:         locator{t.Kafka},
	}
	if t.proxy != nil {
		options.Locate = behindProxy{locator{t.Kafka}, t.proxy}
	}
	options.Storage = t.storageFaults()
	t.faults = chaos.New(options)
	return nil
}

func cannot(p *profile.Profile, need Need) error {
	if why := Unable(p, need); why != "" {
		return errors.New(why)
	}
	return nil
}

// openKafkaProxy finds the proxy between clients and brokers, or starts one.
func (t *Target) openKafkaProxy(ctx context.Context, logger *slog.Logger) (err error) {
	switch {
	case t.embedded != nil && t.embedded.Endpoint() != nil:
		t.proxy = t.embedded.Endpoint()
	case t.Profile.Chaos != nil && t.Profile.Chaos.KafkaProxy != profile.NoKafkaProxy:
		if t.proxy, err = t.startProxy(ctx, logger); err != nil {
			return err
		}
		t.Kafka.Brokers, t.Kafka.TLS = t.proxy.Addresses(), nil
	}
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

// storageFaults gives what injects faults between brokers and object storage, nil if there is nothing.
func (t *Target) storageFaults() chaos.StorageProxy {
	switch {
	case t.storage != nil:
		return chaos.LocalStorage(t.storage)
	case t.remote != nil:
		return chaos.RemoteStorage(t.remote)
	}
	return nil
}

// closeFaults ends all faults and what was started for them. Brokers end before what stands between them and their storage.
func (t *Target) closeFaults() error {
	if t.faults != nil {
		t.faults.Close()
	}
	var errs []error
	if t.proxy != nil {
		errs = append(errs, t.proxy.Close())
	}
	if t.embedded != nil {
		return errors.Join(errs...) // the rest is the cluster's
	}
	if t.platform != nil {
		errs = append(errs, t.platform.Close())
	}
	if t.storage != nil {
		errs = append(errs, t.storage.Close())
	}
	if t.remote != nil {
		errs = append(errs, t.remote.Close())
	}
	return errors.Join(errs...)
}
