package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/kafka"
)

// world is what is tried, and who tries it.
type world struct {
	options    Options
	brokers    []kafka.Broker
	controller int32
	offers     map[int16]kafka.VersionRange
	admin      *party
	parties    [wanted]*party
	domains    []*domain
	baited     bool // the ACL of the decoy is there
}

// administrator is who may do everything, for people.
const administrator = "admin"

// open connects everybody. The caller closes the world, also after an error.
func open(ctx context.Context, o Options) (*world, error) {
	w := &world{options: o, domains: domains(o)}
	info, err := kafka.Probe(ctx, o.Admin)
	if err != nil {
		return w, fmt.Errorf("%s: %w", administrator, err)
	}
	w.brokers, w.controller, w.offers = info.Brokers, info.ControllerID, info.APIs
	if len(w.brokers) == 0 {
		return w, errors.New("metadata names no broker")
	}
	if w.admin, err = w.connect(ctx, Principal{Name: administrator, User: "who may do everything", Kafka: o.Admin}); err != nil {
		return w, err
	}
	for n, p := range o.Principals {
		if w.parties[n], err = w.connect(ctx, p); err != nil {
			return w, err
		}
	}
	return w, nil
}

func (w *world) close() {
	for _, p := range append(w.parties[:], w.admin) {
		if p != nil {
			p.client.Close()
		}
	}
}

// offered reports whether the target has an API at all.
func (w *world) offered(key int16) bool {
	_, ok := w.offers[key]
	return ok
}

// setupTime bounds how long the administrator may take to make what is tried, and to remove it.
const setupTime = 60 * time.Second

// make makes what is tried: topics with records, groups with offsets, and transactional ids.
func (w *world) make(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, setupTime)
	defer cancel()
	for _, d := range w.domains {
		d.replication = w.options.Replication
		if err := w.makeDomain(ctx, d); err != nil {
			return fmt.Errorf("making what is %s: %w", d.name, err)
		}
	}
	return nil
}

func (w *world) makeDomain(ctx context.Context, d *domain) error {
	a := w.admin.admin
	made, err := a.CreateTopics(ctx, 1, d.replication, nil, d.topic(), d.gone())
	if err != nil {
		return fmt.Errorf("creating topics: %w", err)
	}
	if err := made.Error(); err != nil {
		return fmt.Errorf("creating topics: %w", err)
	}
	if err := w.seed(ctx, d); err != nil {
		return err
	}
	if err := w.commit(ctx, d); err != nil {
		return err
	}
	if !w.offered(int16(kmsg.InitProducerID)) {
		return nil
	}
	return w.retry(ctx, func() ([]int16, error) {
		response, err := askInit(d).(*kmsg.InitProducerIDRequest).RequestWith(ctx, w.admin.client)
		if err != nil {
			return nil, err
		}
		d.producer, d.producerEpoch = response.ProducerID, response.ProducerEpoch
		return codes(response), nil
	})
}

// seed writes two records: one that can be deleted, and one that stays.
func (w *world) seed(ctx context.Context, d *domain) error {
	for range 2 {
		r := &kgo.Record{Topic: d.topic(), Value: []byte("what belongs to " + d.name)}
		if err := w.admin.client.ProduceSync(ctx, r).FirstErr(); err != nil {
			return fmt.Errorf("writing: %w", err)
		}
	}
	topics, err := w.admin.admin.ListTopics(ctx, d.topic())
	if err != nil {
		return fmt.Errorf("looking for the topic: %w", err)
	}
	d.id = topics[d.topic()].ID
	_, err = written(ctx, w, d)
	return err
}

func (w *world) commit(ctx context.Context, d *domain) error {
	if !w.offered(int16(kmsg.OffsetCommit)) {
		return nil
	}
	d.committed = 1
	for _, group := range []string{d.group(), d.gone()} {
		var offsets kadm.Offsets
		offsets.AddOffset(d.topic(), 0, d.committed, -1)
		if err := w.admin.admin.CommitAllOffsets(ctx, group, offsets); err != nil {
			return fmt.Errorf("committing offsets of %s: %w", group, err)
		}
	}
	return nil
}

// pause is how long is waited before what failed for the moment is asked again.
const pause = 100 * time.Millisecond

// retry asks until the answer is not one of the moment.
func (w *world) retry(ctx context.Context, ask func() ([]int16, error)) error {
	for {
		all, err := ask()
		switch {
		case err != nil:
			return err
		case len(all) == 0:
			return nil
		case !passing(all):
			return kerr.ErrorForCode(all[0])
		}
		if !rest(ctx) {
			return fmt.Errorf("%w: %w", ctx.Err(), kerr.ErrorForCode(all[0]))
		}
	}
}

// rest waits a moment; false: the context ended.
func rest(ctx context.Context) bool {
	select {
	case <-time.After(pause):
		return true
	case <-ctx.Done():
		return false
	}
}

// there reports whether there is a topic.
func (w *world) there(ctx context.Context, topic string) (bool, error) {
	topics, err := w.admin.admin.ListTopics(ctx, topic)
	if err != nil {
		return false, err
	}
	found := topics[topic].Err
	if errors.Is(found, kerr.UnknownTopicOrPartition) {
		return false, nil
	}
	return topics.Has(topic), found
}

// committed gives the committed offset of a group, −1 if there is none.
func (w *world) committed(ctx context.Context, group, topic string) (int64, error) {
	offsets, err := w.admin.admin.FetchOffsets(ctx, group)
	if errors.Is(err, kerr.GroupIDNotFound) {
		return -1, nil
	}
	if err != nil {
		return -1, err
	}
	offset, ok := offsets.Lookup(topic, 0)
	if !ok {
		return -1, nil
	}
	return offset.At, offset.Err
}

// locate finds the broker that a request is for.
func (w *world) locate(ctx context.Context, at where, d *domain) (int32, error) {
	switch at {
	case atLeader:
		topics, err := w.admin.admin.ListTopics(ctx, d.topic())
		if err != nil {
			return 0, err
		}
		p, ok := topics[d.topic()].Partitions[0]
		if !ok || p.Leader < 0 {
			return 0, fmt.Errorf("nobody leads %s", d.topic())
		}
		return p.Leader, nil
	case atGroup:
		return w.coordinator(ctx, d.group(), groupKey)
	case atJoined:
		return w.coordinator(ctx, d.joined(), groupKey)
	case atGone:
		return w.coordinator(ctx, d.gone(), groupKey)
	case atTransaction:
		return w.coordinator(ctx, d.transaction(), transactionKey)
	case atController:
		return w.controller, nil
	default:
		return w.brokers[0].ID, nil
	}
}

func (w *world) coordinator(ctx context.Context, key string, kind int8) (int32, error) {
	node := int32(-1)
	err := w.retry(ctx, func() ([]int16, error) {
		response, err := w.admin.send(ctx, w.brokers[0].ID, askCoordinator(key, kind))
		if err != nil {
			return nil, err
		}
		node = response.(*kmsg.FindCoordinatorResponse).NodeID
		return codes(response), nil
	})
	return node, err
}

// remove removes what was made, and what was made of it. What cannot be removed stays: the names are of this run.
func (w *world) remove(ctx context.Context) {
	if w.admin == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), setupTime)
	defer cancel()
	a := w.admin.admin
	for _, d := range w.domains {
		_, _ = a.DeleteTopics(ctx, d.topic(), d.gone(), d.fresh())
		_, _ = a.DeleteGroups(ctx, d.group(), d.gone(), d.joined())
	}
	w.revoke(ctx)
}
