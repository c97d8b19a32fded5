package embedded

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
)

// restored is the state that a life begins with.
type restored struct {
	topics     []topicDocument
	groups     []groupDocument
	producers  []producerDocument
	partitions []*restoredPartition
	acls       []grant
}

const restoreParallel = 8

// restore reads everything back and writes kfake's data folder.
func (l *life) restore(ctx context.Context, h *holding) (folder string, err error) {
	if err := l.readDocuments(ctx, h); err != nil {
		return "", err
	}
	dir, err := newDataDir()
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir.root)
		}
	}()
	if err := l.restoreLogs(ctx, h, dir); err != nil {
		return "", err
	}
	l.learnProducers(h)
	for _, write := range []func() error{
		func() error { return dir.writeMeta(h.cluster.ID) },
		func() error { return dir.writeTopics(h.state.topics) },
		func() error { return dir.writeGroups(h.state.groups) },
		func() error { return dir.writeProducers(l.producerDocuments()) },
		func() error { return dir.writeWindows(h.state.partitions) },
	} {
		if err := write(); err != nil {
			return "", fmt.Errorf("write the folder that the brokers begin with: %w", err)
		}
	}
	return dir.root, nil
}

func (l *life) readDocuments(ctx context.Context, h *holding) error {
	h.bodies = map[string][]byte{}
	for name, stored := range h.documents {
		body, err := l.read(ctx, stored.key)
		if err != nil {
			return err
		}
		h.bodies[name] = body
		switch {
		case name == topicsDocument:
			err = unmarshal(stored.key, body, &h.state.topics)
		case name == producersDocument:
			err = unmarshal(stored.key, body, &h.state.producers)
		case name == aclsDocument:
			err = unmarshal(stored.key, body, &h.state.acls)
		case strings.HasPrefix(name, groupsFolder):
			var g groupDocument
			err = unmarshal(stored.key, body, &g)
			h.state.groups = append(h.state.groups, g)
		}
		if err != nil {
			return err
		}
	}
	h.state.dropOrphans()
	l.mischief.recalls(h.state.groups)
	return nil
}

// dropOrphans drops commits of topics that are gone: deleting a topic drops its commits.
func (s *restored) dropOrphans() {
	known := map[string]bool{}
	for _, t := range s.topics {
		known[t.Name] = true
	}
	for i := range s.groups {
		s.groups[i].Commits = slices.DeleteFunc(s.groups[i].Commits, func(c commitDocument) bool { return !known[c.Topic] })
	}
}

func (l *life) restoreLogs(ctx context.Context, h *holding, dir *dataDir) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(restoreParallel)
	var mu sync.Mutex
	for i := range h.state.topics {
		t := &h.state.topics[i]
		for n := range int32(t.Partitions) {
			group.Go(func() error {
				p, err := l.restorePartition(ctx, h, t, n, dir)
				if err != nil {
					return fmt.Errorf("%s-%d: %w", t.Name, n, err)
				}
				mu.Lock()
				defer mu.Unlock()
				h.state.partitions = append(h.state.partitions, p)
				return nil
			})
		}
	}
	return group.Wait()
}

// learnProducers enters the producers that the documents and the logs speak of.
func (l *life) learnProducers(h *holding) {
	for _, d := range h.state.producers {
		if d.Ending != nil {
			d.Epoch, d.LastCommitted = d.Ending.Epoch, d.Ending.Commit
		} else if h.state.wasOpen(d.ID) {
			d.Epoch++
		}
		known := l.producers.getOrAdd(d.ID, d.Epoch)
		known.transactional, known.timeout, known.lastCommitted = d.Transactional, d.Timeout, d.LastCommitted
	}
	for _, p := range h.state.partitions {
		for id, w := range p.log.windows {
			known := l.producers.getOrAdd(id, w.epoch)
			known.epoch = max(known.epoch, w.epoch)
		}
	}
}

func (s *restored) wasOpen(id int64) bool {
	return slices.ContainsFunc(s.partitions, func(p *restoredPartition) bool {
		_, open := p.open[id]
		return open
	})
}

// producerDocuments returns all producers, the merely idempotent ones included.
func (l *life) producerDocuments() []producerDocument {
	var list []producerDocument
	for _, p := range l.producers.all() {
		list = append(list, producerDocument{
			Transactional: p.transactional, ID: p.id, Epoch: p.epoch, Timeout: p.timeout, LastCommitted: p.lastCommitted,
		})
	}
	return list
}

// agree takes the restored state over, after kfake has loaded the same, and makes sure that it has.
func (l *life) agree(h *holding) error {
	for name, stored := range h.documents {
		l.documents.know(name, stored.version, h.bodies[name])
	}
	for i := range h.state.topics {
		d := &h.state.topics[i]
		info := l.kfake.TopicInfo(d.Name)
		if info == nil || info.TopicID != d.ID {
			return fmt.Errorf("topic %q did not come back", d.Name)
		}
		t := &topic{name: d.Name, id: d.ID, limit: d.maxBytes(l.options.MaxMessageBytes), partitions: make([]*partition, d.Partitions)}
		l.catalog.add(t)
	}
	for _, p := range h.state.partitions {
		info := l.kfake.PartitionInfo(p.log.topic, p.log.partition)
		if info == nil || info.HighWatermark != p.log.end {
			return fmt.Errorf("%s-%d did not come back whole: the bucket ends at offset %d", p.log.topic, p.log.partition, p.log.end)
		}
		l.catalog.byID[p.log.topicID].partitions[p.log.partition] = p.log
	}
	return nil
}
