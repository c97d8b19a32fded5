package embedded

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/recordbatch"
	"k6suite/extension/objectstore"
)

// over writes records over others that stand in the log: in the bucket, and in what readers are shown from then on.
type over struct {
	mu    sync.Mutex
	life  *life // whose memory has what was there before; the next one begins with the bucket
	shown map[place]map[int64]batch
}

func newOver() *over { return &over{} }

// write puts the records of a batch in the place of those from an offset on. It fails where the log does not reach so far.
func (o *over) write(ctx context.Context, l *life, at place, from int64, b batch) error {
	records, err := recordbatch.NewCoder().Records(b)
	if err != nil {
		return err
	}
	segments, err := l.segments(ctx, at)
	if err != nil {
		return err
	}
	next := from
	for _, s := range segments {
		if s.Last < next || next >= from+int64(len(records)) {
			continue
		}
		if s.Body, err = o.replace(l, at, s.Body, from, records); err != nil {
			return err
		}
		key := l.bucket.Layout().Key(l.bucket.Prefix(), at.topic, at.partition, s.Base)
		if err := l.bucket.Put(ctx, key, l.bucket.Layout().Encode(s)); err != nil {
			return err
		}
		next = s.Last + 1
	}
	if next < from+int64(len(records)) {
		return fmt.Errorf("the log of %s-%d ends before offset %d", at.topic, at.partition, from+int64(len(records)))
	}
	return nil
}

// segments returns the segments of a partition as the bucket has them, by offset.
func (l *life) segments(ctx context.Context, at place) ([]objectstore.Segment, error) {
	objects, err := l.objects(ctx, at)
	if err != nil {
		return nil, err
	}
	var all []objectstore.Segment
	for _, object := range objects {
		s, err := l.readSegment(ctx, object.Key)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// objects returns the objects of a partition, by offset.
func (l *life) objects(ctx context.Context, at place) ([]objectstore.Object, error) {
	var all []objectstore.Object
	for object, err := range l.bucket.List(ctx, l.bucket.Layout().TopicPrefix(l.bucket.Prefix(), at.topic)) {
		if err != nil {
			return nil, err
		}
		if id, ok := l.bucket.Layout().ParseKey(object.Key); ok && id.Partition == at.partition {
			all = append(all, object)
		}
	}
	slices.SortFunc(all, func(a, b objectstore.Object) int { return cmp.Compare(a.Key, b.Key) })
	return all, nil
}

// replace returns the batches of a segment with some of their records exchanged, and has readers be shown them.
func (o *over) replace(l *life, at place, body []byte, from int64, by []kmsg.Record) (out []byte, err error) {
	for found, err := range objectstore.Batches(body) {
		if err != nil {
			return nil, err
		}
		b := batch(found.Raw)
		other, ok := changed(b, func(records []kmsg.Record) ([]kmsg.Record, bool) {
			hit := false
			for i := range records {
				if n := b.BaseOffset() + int64(records[i].OffsetDelta) - from; n >= 0 && n < int64(len(by)) {
					records[i].Key, records[i].Value, records[i].Headers = by[n].Key, by[n].Value, by[n].Headers
					hit = true
				}
			}
			return records, hit
		})
		if ok {
			b = other
			o.show(l, at, b)
		}
		out = append(out, b...)
	}
	return out, nil
}

func (o *over) show(l *life, at place, b batch) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.life != l {
		o.life, o.shown = l, map[place]map[int64]batch{}
	}
	if o.shown[at] == nil {
		o.shown[at] = map[int64]batch{}
	}
	o.shown[at][b.BaseOffset()] = b
}

// handler shows readers what was written over.
func (o *over) handler(l *life, key kmsg.Key, next handler) handler {
	return onFetch(l, key, next, func(f *fetched) {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.life != l || len(o.shown[f.place]) == 0 {
			return
		}
		f.part.RecordBatches = recordbatch.Each(f.part.RecordBatches, func(b batch) batch {
			if other, ok := o.shown[f.place][b.BaseOffset()]; ok {
				return other
			}
			return b
		})
	})
}
