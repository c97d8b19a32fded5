package kafka

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
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
	client, err := kgo.NewClient(append(opts, kgo.MetadataMinAge(adminMetadataAge))...)
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

// adminMetadataAge bounds how old the metadata is by which kadm routes requests. What Admin itself reports of topics and
// brokers is never from a cache: see metadata.
const adminMetadataAge = 10 * time.Millisecond

// metadata asks a broker for what it knows of topics now; nil asks for all topics, an empty slice for none. Asking creates
// nothing.
func (a *Admin) metadata(ctx context.Context, topics []string) (*kmsg.MetadataResponse, error) {
	req := kmsg.NewPtrMetadataRequest()
	req.AllowAutoTopicCreation = false
	if topics != nil {
		req.Topics = make([]kmsg.MetadataRequestTopic, len(topics))
		for i, topic := range topics {
			req.Topics[i] = kmsg.NewMetadataRequestTopic()
			req.Topics[i].Topic = kmsg.StringPtr(topic)
		}
	}
	return req.RequestWith(ctx, a.client)
}

// Brokers lists the brokers that the metadata shows, by id.
func (a *Admin) Brokers(ctx context.Context) ([]Broker, error) {
	resp, err := a.metadata(ctx, []string{})
	if err != nil {
		return nil, fmt.Errorf("kafka: list brokers: %w", err)
	}
	return brokersOf(resp), nil
}

func brokersOf(resp *kmsg.MetadataResponse) []Broker {
	out := make([]Broker, len(resp.Brokers))
	for i, b := range resp.Brokers {
		out[i] = Broker{ID: b.NodeID, Host: b.Host, Port: b.Port}
		if b.Rack != nil {
			out[i].Rack = *b.Rack
		}
	}
	slices.SortFunc(out, func(a, b Broker) int { return int(a.ID - b.ID) })
	return out
}
