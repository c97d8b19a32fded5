package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Admin creates, describes, changes and deletes topics, groups and configurations. It is safe for concurrent use.
type Admin struct {
	client *kgo.Client
	admin  *kadm.Client
}

// NewAdmin checks the configuration. Nothing is sent before the first call.
func NewAdmin(c Config) (*Admin, error) {
	opts, err := c.Options()
	if err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("kafka: admin: %w", err)
	}
	return &Admin{client: client, admin: kadm.NewClient(client)}, nil
}

// Close ends the client.
func (a *Admin) Close() error {
	a.client.Close()
	return nil
}

// Brokers lists the brokers that the metadata shows.
func (a *Admin) Brokers(ctx context.Context) ([]Broker, error) {
	details, err := a.admin.ListBrokers(ctx)
	if err != nil {
		return nil, fmt.Errorf("kafka: list brokers: %w", err)
	}
	out := make([]Broker, len(details))
	for i, b := range details {
		out[i] = Broker{ID: b.NodeID, Host: b.Host, Port: b.Port}
		if b.Rack != nil {
			out[i].Rack = *b.Rack
		}
	}
	return out, nil
}
