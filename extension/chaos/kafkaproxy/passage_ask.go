package kafkaproxy

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// ask sends a request of our own where those of the client go, and waits for the answer, as long as the fault lasts, if there is one.
// It returns nil if the fault has ended.
func (w *passage) ask(ctx context.Context, f *Fault, message kmsg.Request) (kmsg.Response, error) {
	c := newCallFor(message, w.call.Correlation, w.call.ClientID)
	c.ours = true
	if err := w.next(ctx, c); err != nil {
		return nil, err
	}
	var over chan struct{}
	if f != nil {
		over = f.over
	}
	select {
	case <-c.done:
	case <-over:
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if c.err != nil {
		return nil, c.err
	}
	return c.reply()
}

// learn finds out the names of topics that a message has only the ids of (KIP-516), and of which no response has told: rules know names.
func (w *passage) learn(ctx context.Context) error {
	ids := map[[16]byte]bool{}
	message, err := w.call.request()
	if err != nil {
		return err
	}
	names := w.point.proxy.topics
	unknown := func(name string, id [16]byte) {
		if id != ([16]byte{}) && names.name(name, id) == "" {
			ids[id] = true
		}
	}
	switch m := message.(type) {
	case *kmsg.ProduceRequest:
		for _, t := range m.Topics {
			unknown(t.Topic, t.TopicID)
		}
	case *kmsg.FetchRequest:
		for _, t := range m.Topics {
			unknown(t.Topic, t.TopicID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	question := kmsg.NewPtrMetadataRequest()
	question.Version = 12 // the first that takes ids; who has the newer Produce and Fetch has it, too
	for id := range ids {
		topic := kmsg.NewMetadataRequestTopic()
		topic.TopicID = id
		question.Topics = append(question.Topics, topic)
	}
	response, err := w.ask(ctx, nil, question)
	if err != nil || response == nil {
		return err
	}
	for _, t := range response.(*kmsg.MetadataResponse).Topics {
		names.learn(deref(t.Topic), t.TopicID)
	}
	return nil
}
