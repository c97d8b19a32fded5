package embedded

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// catalog is the list of topics whose existence is durable. kfake may know of more for a moment: those are not answered yet.
type catalog struct {
	life *life

	mu     sync.RWMutex
	byName map[string]*topic
	byID   map[[16]byte]*topic
}

type topic struct {
	name string
	id   [16]byte

	mu         sync.Mutex // guards what follows
	limit      int        // max.message.bytes
	partitions []*partition
}

func newCatalog(l *life) *catalog {
	return &catalog{life: l, byName: map[string]*topic{}, byID: map[[16]byte]*topic{}}
}

func (t *topic) maxBytes() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.limit
}

func (t *topic) list() []*partition {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.partitions)
}

// find returns the topic by its name or its id, nil if there is none. A topic that kfake has made is made durable first.
func (c *catalog) find(ctx context.Context, name string, id [16]byte, byID bool) (*topic, error) {
	look := func() *topic {
		c.mu.RLock()
		defer c.mu.RUnlock()
		if byID {
			return c.byID[id]
		}
		return c.byName[name]
	}
	if t := look(); t != nil {
		return t, nil
	}
	if byID && c.life.kfake.TopicIDInfo(id) == nil || !byID && c.life.kfake.TopicInfo(name) == nil {
		return nil, nil
	}
	if err := c.sync(ctx); err != nil {
		return nil, err
	}
	return look(), nil
}

// partition returns the partition, nil if there is none.
func (c *catalog) partition(ctx context.Context, t *topic, number int32) (*partition, error) {
	list := t.list()
	if number >= 0 && int(number) >= len(list) && c.life.kfake.PartitionInfo(t.name, number) != nil {
		if err := c.sync(ctx); err != nil {
			return nil, err
		}
		list = t.list()
	}
	if number < 0 || int(number) >= len(list) {
		return nil, nil
	}
	return list[number], nil
}

// all returns the topics, sorted by name.
func (c *catalog) all() []*topic {
	c.mu.RLock()
	defer c.mu.RUnlock()
	list := make([]*topic, 0, len(c.byName))
	for _, t := range c.byName {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *topic) int { return cmp.Compare(a.name, b.name) })
	return list
}

func (c *catalog) knows(id [16]byte) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.byID[id] != nil
}

// size returns how many partitions of the topic are durable.
func (c *catalog) size(id [16]byte) int {
	c.mu.RLock()
	t := c.byID[id]
	c.mu.RUnlock()
	if t == nil {
		return 0
	}
	return len(t.list())
}

// add enters a topic that is durable.
func (c *catalog) add(t *topic) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byName[t.name], c.byID[t.id] = t, t
}

// forget removes a topic that was deleted. The caller holds the turns of its partitions.
func (c *catalog) forget(t *topic) {
	for _, p := range t.list() {
		p.gone = true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.byID, t.id)
	if c.byName[t.name] == t {
		delete(c.byName, t.name)
	}
}

// topicDocument is a topic as the bucket keeps it.
type topicDocument struct {
	Name       string             `json:"name"`
	ID         uuid.UUID          `json:"id"`
	Partitions int                `json:"partitions"`
	Replicas   int                `json:"replicas"`
	Configs    map[string]*string `json:"configs,omitempty"`
	Starts     map[int32]int64    `json:"starts,omitempty"` // log start offsets above 0
	Leaders    []int32            `json:"leaders"`          // by partition; a restart need not change them
	Epochs     []int32            `json:"epochs"`           // of the leaders
}

const topicsDocument = "topics"

// sync makes the topics of kfake durable as they are now and takes them over.
func (c *catalog) sync(ctx context.Context) error {
	var list []topicDocument
	err := c.life.documents.save(ctx, topicsDocument, func() (body []byte, err error) {
		if list, err = c.snapshot(ctx); err != nil {
			return nil, err
		}
		if err := c.clearGround(ctx, list); err != nil {
			return nil, err
		}
		return json.Marshal(list)
	})
	if err != nil {
		return fmt.Errorf("make the topics durable: %w", err)
	}
	grown := false
	for i := range list {
		grown = c.take(&list[i]) || grown
	}
	if grown {
		c.life.adoptNew()
	}
	return nil
}

// clearGround deletes what a topic of the same name may have left in the bucket, before a new one begins there at offset 0.
func (c *catalog) clearGround(ctx context.Context, list []topicDocument) error {
	for i := range list {
		if c.knows(list[i].ID) {
			continue
		}
		if err := c.life.purge(ctx, list[i].Name); err != nil {
			return err
		}
	}
	return nil
}

func (c *catalog) snapshot(ctx context.Context) ([]topicDocument, error) {
	message := kmsg.NewPtrMetadataRequest()
	message.Version = 12
	response, err := c.life.inner.request(ctx, 0, message)
	if err != nil {
		return nil, err
	}
	var list []topicDocument
	for _, t := range response.(*kmsg.MetadataResponse).Topics {
		if t.Topic == nil {
			continue
		}
		d := describe(c.life.kfake, *t.Topic)
		if d == nil {
			continue
		}
		if known := c.size(d.ID); known < d.Partitions {
			if err := c.life.spread(d, known); err != nil {
				return nil, err
			}
		}
		list = append(list, *d)
	}
	slices.SortFunc(list, func(a, b topicDocument) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// describe returns the topic as kfake has it, nil if it is not there any more.
func describe(cluster *kfake.Cluster, name string) *topicDocument {
	info, partitions := cluster.TopicInfo(name), cluster.PartitionInfos(name)
	if info == nil || len(partitions) == 0 {
		return nil
	}
	d := &topicDocument{Name: name, ID: info.TopicID, Partitions: len(partitions), Replicas: info.NumReplicas, Configs: info.Configs}
	for _, p := range partitions {
		d.Leaders, d.Epochs = append(d.Leaders, p.Leader), append(d.Epochs, p.Epoch)
		if p.LogStartOffset > 0 {
			if d.Starts == nil {
				d.Starts = map[int32]int64{}
			}
			d.Starts[p.Partition] = p.LogStartOffset
		}
	}
	return d
}

// take brings the catalog up to a durable topic, and reports whether it has more partitions now.
func (c *catalog) take(d *topicDocument) (grown bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.byID[d.ID]
	if t == nil {
		t = &topic{name: d.Name, id: d.ID}
		c.byName[t.name], c.byID[t.id] = t, t
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.limit = d.maxBytes(c.life.options.MaxMessageBytes)
	for n := len(t.partitions); n < d.Partitions; n++ {
		p := newPartition(place{t.name, int32(n)}, t.id, 0, nil)
		p.began(d.epoch(int32(n)), 0)
		t.partitions = append(t.partitions, p)
		grown = true
	}
	return grown
}

// maxBytes returns the greatest batch that kfake takes for the topic.
func (d *topicDocument) maxBytes(otherwise int) int {
	if value := d.Configs["max.message.bytes"]; value != nil {
		limit, _ := strconv.Atoi(*value) // kfake, too, takes 0 for what is not a number
		return limit
	}
	return otherwise
}

// purge deletes all segments below the name of a topic.
func (l *life) purge(ctx context.Context, topic string) error {
	for object, err := range l.bucket.List(ctx, l.bucket.Layout().TopicPrefix(l.bucket.Prefix(), topic)) {
		if err != nil {
			return fmt.Errorf("purge topic %q: %w", topic, err)
		}
		if err := l.bucket.Delete(ctx, object.Key); err != nil {
			return fmt.Errorf("purge topic %q: %w", topic, err)
		}
	}
	return nil
}
