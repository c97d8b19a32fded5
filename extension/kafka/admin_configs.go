package kafka

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
)

// ConfigEntry is one configuration value of a topic or broker.
type ConfigEntry struct {
	Name      string
	Value     string // empty where the broker keeps it to itself
	Sensitive bool
	Source    string // such as DYNAMIC_TOPIC_CONFIG or DEFAULT_CONFIG
}

// TopicConfigs describes a topic's configuration, by name.
func (a *Admin) TopicConfigs(ctx context.Context, topic string) ([]ConfigEntry, error) {
	configs, err := a.admin.DescribeTopicConfigs(ctx, topic)
	if err != nil {
		return nil, fmt.Errorf("kafka: configs of topic %q: %w", topic, err)
	}
	return entries(configs, topic, fmt.Sprintf("configs of topic %q", topic))
}

// BrokerConfigs describes a broker's configuration, by name.
func (a *Admin) BrokerConfigs(ctx context.Context, broker int32) ([]ConfigEntry, error) {
	configs, err := a.admin.DescribeBrokerConfigs(ctx, broker)
	if err != nil {
		return nil, fmt.Errorf("kafka: configs of broker %d: %w", broker, err)
	}
	return entries(configs, fmt.Sprint(broker), fmt.Sprintf("configs of broker %d", broker))
}

func entries(configs kadm.ResourceConfigs, name, what string) ([]ConfigEntry, error) {
	resource, err := configs.On(name, nil)
	if err != nil {
		return nil, fmt.Errorf("kafka: %s: %w", what, err)
	}
	if resource.Err != nil {
		return nil, withMessage(what, resource.ErrMessage, resource.Err)
	}
	out := make([]ConfigEntry, len(resource.Configs))
	for i, c := range resource.Configs {
		out[i] = ConfigEntry{Name: c.Key, Value: c.MaybeValue(), Sensitive: c.Sensitive, Source: c.Source.String()}
	}
	slices.SortFunc(out, func(a, b ConfigEntry) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out, nil
}

// AlterTopicConfigs sets configuration values of a topic and leaves the others alone (KIP-339).
func (a *Admin) AlterTopicConfigs(ctx context.Context, topic string, set map[string]string) error {
	changes := make([]kadm.AlterConfig, 0, len(set))
	for name, value := range set {
		changes = append(changes, kadm.AlterConfig{Op: kadm.SetConfig, Name: name, Value: kadm.StringPtr(value)})
	}
	responses, err := a.admin.AlterTopicConfigs(ctx, changes, topic)
	if err != nil {
		return fmt.Errorf("kafka: alter configs of topic %q: %w", topic, err)
	}
	resp, err := responses.On(topic, nil)
	if err != nil {
		return fmt.Errorf("kafka: alter configs of topic %q: %w", topic, err)
	}
	return withMessage(fmt.Sprintf("alter configs of topic %q", topic), resp.ErrMessage, resp.Err)
}
