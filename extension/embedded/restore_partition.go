package embedded

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/objectstore"
)

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
	p.log.began(p.leaderEpoch, p.log.end)
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

// readTries is how often an object is read that came damaged: it may have been damaged on its way.
const readTries = 10

func (l *life) readSegment(ctx context.Context, key string) (objectstore.Segment, error) {
	for tries := 1; ; tries++ {
		data, err := l.read(ctx, key)
		if err != nil {
			return objectstore.Segment{}, err
		}
		segment, err := l.bucket.Layout().Decode(data)
		switch {
		case err == nil:
			return segment, nil
		case tries == readTries:
			return objectstore.Segment{}, fmt.Errorf("object %s is damaged: %w", key, err)
		}
		l.logger.Warn("object storage: an object came damaged: reading again", "key", key, "error", err)
		l.mischief.torn(key)
	}
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
	id := b.ProducerID()
	switch _, open := p.open[id]; {
	case b.Control():
		if first, ok := p.open[id]; ok && markerType(b) == kmsg.ControlRecordKeyTypeAbort {
			p.aborted = append(p.aborted, abortedTransaction{ProducerID: id, First: first.first, Last: b.BaseOffset()})
		}
		delete(p.open, id)
	case b.Transactional() && !open:
		p.open[id] = openTransaction{first: b.BaseOffset(), epoch: b.ProducerEpoch()}
	}
	p.log.observe(b)
	p.log.began(leaderEpoch, b.BaseOffset())
	p.log.end, p.leaderEpoch = b.NextOffset(), max(p.leaderEpoch, leaderEpoch)
	return w.add(b, leaderEpoch)
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
		if err := l.uploadAlone(ctx, p.log, pieces); err != nil {
			return fmt.Errorf("end a transaction that was open: %w", err)
		}
		if err := p.add(w, marker.Placed(p.log.end, p.leaderEpoch), p.leaderEpoch); err != nil {
			return err
		}
	}
	return nil
}
