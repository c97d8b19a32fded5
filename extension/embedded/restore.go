package embedded

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
	"golang.org/x/sync/errgroup"

	"k6suite/extension/objectstore"
)

// restored is the state that a life begins with.
type restored struct {
	topics     []topicDocument
	groups     []groupDocument
	producers  []producerDocument
	partitions []*restoredPartition
}

// restoredPartition is the log of one partition as the bucket has it.
type restoredPartition struct {
	log         *partition
	leaderEpoch int32 // of the last batch
	aborted     []abortedTransaction
	open        map[int64]openTransaction // by producer id
	start       int64
}

type openTransaction struct {
	first int64
	epoch int16
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
		body, err := l.bucket.Get(ctx, stored.key)
		if err != nil {
			return err
		}
		h.bodies[name] = body
		switch {
		case name == topicsDocument:
			err = unmarshal(stored.key, body, &h.state.topics)
		case name == producersDocument:
			err = unmarshal(stored.key, body, &h.state.producers)
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

func (l *life) restorePartition(ctx context.Context, h *holding, t *topicDocument, n int32, dir *dataDir) (*restoredPartition, error) {
	at := place{t.Name, n}
	p := &restoredPartition{log: newPartition(at, t.ID, 0, nil), open: map[int64]openTransaction{}}
	objects := h.segments[at]
	if len(objects) == 0 {
		return p, nil
	}
	w, err := dir.partition(at)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(objects, func(a, b objectstore.Object) int { return cmp.Compare(a.Key, b.Key) })
	if objects, err = l.mischief.survives(ctx, l, at, objects); err != nil {
		return nil, err
	}
	for i, object := range objects {
		segment, err := l.readSegment(ctx, object.Key)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			p.log.end, p.start = segment.Base, segment.Base
		}
		if segment.Base != p.log.end {
			return nil, fmt.Errorf("object %s begins at offset %d, the log before it ends at %d: an object is lost or too much",
				object.Key, segment.Base, p.log.end)
		}
		if err := p.addAll(w, segment.Body); err != nil {
			return nil, fmt.Errorf("object %s: %w", object.Key, err)
		}
	}
	if err := l.endOpenTransactions(ctx, h, p, w); err != nil {
		return nil, err
	}
	if err := l.mischief.restored(ctx, l, at, objects); err != nil {
		return nil, err
	}
	start := min(max(p.start, t.Starts[n]), p.log.end)
	p.leaderEpoch = max(p.leaderEpoch, t.epoch(n))
	return p, w.finish(p, start, t.leader(n))
}

// leader returns who leads the partition; kfake chooses another broker if there is none of that number any more.
func (t *topicDocument) leader(n int32) int32 {
	if int(n) < len(t.Leaders) {
		return t.Leaders[n]
	}
	return -1
}

func (t *topicDocument) epoch(n int32) int32 {
	if int(n) < len(t.Epochs) {
		return t.Epochs[n]
	}
	return 0
}

func (l *life) readSegment(ctx context.Context, key string) (objectstore.Segment, error) {
	data, err := l.bucket.Get(ctx, key)
	if err != nil {
		return objectstore.Segment{}, err
	}
	segment, err := l.bucket.Layout().Decode(data)
	if err != nil {
		return objectstore.Segment{}, fmt.Errorf("object %s: %w", key, err)
	}
	return segment, nil
}

func (p *restoredPartition) addAll(w *partitionWriter, body []byte) error {
	for found, err := range objectstore.Batches(body) {
		if err != nil {
			return err
		}
		if err := p.add(w, batch(found.Raw), found.LeaderEpoch); err != nil {
			return err
		}
	}
	return nil
}

// add takes over one batch: into the log, into what is known of its producer, into its transaction.
func (p *restoredPartition) add(w *partitionWriter, b batch, leaderEpoch int32) error {
	id := b.producerID()
	switch _, open := p.open[id]; {
	case b.control():
		if first, ok := p.open[id]; ok && markerType(b) == kmsg.ControlRecordKeyTypeAbort {
			p.aborted = append(p.aborted, abortedTransaction{ProducerID: id, First: first.first, Last: b.baseOffset()})
		}
		delete(p.open, id)
	case b.transactional() && !open:
		p.open[id] = openTransaction{first: b.baseOffset(), epoch: b.producerEpoch()}
	}
	p.log.observe(b)
	p.log.end, p.leaderEpoch = b.nextOffset(), max(p.leaderEpoch, leaderEpoch)
	return w.add(b, leaderEpoch)
}

// markerType returns what a control batch says; what cannot be read is an abort, as in kfake.
func markerType(b batch) kmsg.ControlRecordKeyType {
	var record kmsg.Record
	var key kmsg.ControlRecordKey
	if record.ReadFrom(b[batchHeaderBytes:]) != nil || key.ReadFrom(record.Key) != nil {
		return kmsg.ControlRecordKeyTypeAbort
	}
	return key.Type
}

// endOpenTransactions appends the markers of transactions that were open when the brokers died. One whose end was decided
// gets that end; the others are aborted, and learnProducers fences their producers.
func (l *life) endOpenTransactions(ctx context.Context, h *holding, p *restoredPartition, w *partitionWriter) error {
	ids := make([]int64, 0, len(p.open))
	for id := range p.open {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		kind := kmsg.ControlRecordKeyTypeAbort
		if i := slices.IndexFunc(h.state.producers, func(d producerDocument) bool { return d.ID == id }); i >= 0 {
			if h.state.producers[i].Ending != nil && h.state.producers[i].Ending.Commit {
				kind = kmsg.ControlRecordKeyTypeCommit
			}
		}
		marker := newMarker(id, p.open[id].epoch, kind)
		pieces := []*piece{{batch: marker, base: p.log.end, epoch: p.leaderEpoch}}
		if err := l.upload(ctx, p.log, pieces); err != nil {
			return fmt.Errorf("end a transaction that was open: %w", err)
		}
		if err := p.add(w, marker.placed(p.log.end, p.leaderEpoch), p.leaderEpoch); err != nil {
			return err
		}
	}
	return nil
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

// newMarker returns the control batch that ends a transaction, with base offset 0.
func newMarker(id int64, epoch int16, kind kmsg.ControlRecordKeyType) batch {
	key, value := kmsg.ControlRecordKey{Type: kind}, kmsg.EndTxnMarker{}
	record := kmsg.Record{Key: key.AppendTo(nil), Value: value.AppendTo(nil)}
	record.Length = int32(len(record.AppendTo(nil)) - 1) // a length below 64 takes one byte
	now := nowMillis()
	out := batch((&kmsg.RecordBatch{
		PartitionLeaderEpoch: -1, Magic: 2, Attributes: controlBit | transactionalBit, FirstTimestamp: now, MaxTimestamp: now,
		ProducerID: id, ProducerEpoch: epoch, FirstSequence: -1, NumRecords: 1, Records: record.AppendTo(nil),
	}).AppendTo(nil))
	binary.BigEndian.PutUint32(out[atLength:], uint32(len(out)-atLeaderEpoch))
	out.seal()
	return out
}
