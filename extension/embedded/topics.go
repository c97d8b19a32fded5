package embedded

import (
	"cmp"
	"context"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// serveTopicChange makes the topics durable as they are after the request.
func (l *life) serveTopicChange(ctx context.Context, x *exchange) error {
	if err := x.forward(ctx); err != nil {
		return err
	}
	return l.catalog.sync(ctx)
}

// serveDeleteTopics deletes topics from kfake, from the durable list, and then their objects.
func (l *life) serveDeleteTopics(ctx context.Context, x *exchange) error {
	request := kmsg.NewPtrDeleteTopicsRequest()
	if err := x.Decode(request); err != nil {
		return err
	}
	var doomed []*topic
	for _, t := range l.catalog.all() {
		if names(request, t) {
			doomed = append(doomed, t)
		}
	}
	release, err := acquireAll(ctx, partitionsOf(doomed))
	if err != nil {
		return err
	}
	defer release()
	if err := x.forward(ctx); err != nil {
		return err
	}
	return l.deleted(ctx, doomed)
}

// deleted removes those of the topics that kfake has deleted.
func (l *life) deleted(ctx context.Context, doomed []*topic) error {
	var gone []*topic
	for _, t := range doomed {
		if l.kfake.TopicIDInfo(t.id) == nil {
			gone = append(gone, t)
			l.catalog.forget(t)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	if err := l.catalog.sync(ctx); err != nil {
		return err
	}
	for _, t := range gone {
		if err := l.purge(ctx, t.name); err != nil { // what stays goes when a topic of this name is created
			l.logger.Warn("objects of a deleted topic stay in the bucket", "topic", t.name, "error", err)
		}
	}
	return nil
}

func names(request *kmsg.DeleteTopicsRequest, t *topic) bool {
	if slices.Contains(request.TopicNames, t.name) {
		return true
	}
	return slices.ContainsFunc(request.Topics, func(asked kmsg.DeleteTopicsRequestTopic) bool {
		return asked.Topic != nil && *asked.Topic == t.name || asked.Topic == nil && asked.TopicID == t.id
	})
}

func partitionsOf(topics []*topic) []*partition {
	var list []*partition
	for _, t := range topics {
		list = append(list, t.list()...)
	}
	return list
}

// acquireAll takes the turns of the partitions in one order for all, so that two who want several cannot block each other.
func acquireAll(ctx context.Context, list []*partition) (release func(), err error) {
	slices.SortFunc(list, func(a, b *partition) int {
		return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.partition, b.partition))
	})
	var held []*partition
	release = func() {
		for _, p := range held {
			p.release()
		}
	}
	for _, p := range slices.Compact(list) {
		if err := p.acquire(ctx); err != nil {
			release()
			return nil, err
		}
		held = append(held, p)
	}
	return release, nil
}

// serveElectLeaders keeps leaders among the members: kfake elects any of its nodes.
func (l *life) serveElectLeaders(ctx context.Context, x *exchange) error {
	l.leading.Lock()
	defer l.leading.Unlock()
	if err := x.forward(ctx); err != nil {
		return err
	}
	for _, p := range partitionsOf(l.catalog.all()) {
		if info := l.kfake.PartitionInfo(p.topic, p.partition); info != nil {
			p.began(info.Epoch, info.HighWatermark)
		}
	}
	l.settle(nobodyCares)
	l.endHandovers()
	return nil
}
