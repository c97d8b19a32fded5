package objectstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const defaultParallel = 4

// AuditOptions says what Audit reads.
type AuditOptions struct {
	// Topics are the topics to read. Empty: every topic below the prefix of the store.
	Topics []string
	// Parallel is how many partitions are read at a time. Default: 4.
	Parallel int
}

// AuditObject is one segment as it lies in the bucket.
type AuditObject struct {
	Key        string
	Topic      string
	Partition  int32
	Base, Last int64 // the offsets that it covers, both inclusive
	Size       int64 // in bytes
	ETag       string
	Modified   time.Time // by the clock of the object store
}

// Summary counts what an audit has read.
type Summary struct {
	Objects    int // segments, the corrupt ones included
	Partitions int // that have a segment
	Bytes      int64
	Records    int64    // of the segments that are sound; control records included
	Companions int      // objects that the system keeps beside its segments, such as indexes; not read
	Strangers  []string // keys below the topics that the layout does not know
	Corrupt    []*CorruptError
}

// CorruptError is a segment that is not what its layout prescribes: evidence against the system under test.
type CorruptError struct {
	Key       string
	Topic     string
	Partition int32
	Err       error
}

func (e *CorruptError) Error() string { return fmt.Sprintf("segment %s: %v", e.Key, e.Err) }
func (e *CorruptError) Unwrap() error { return e.Err }

// Audit reads every segment of the topics straight from the bucket and hands its records to visit: the segments of one
// partition one after the other in the order of their base offsets, several partitions at a time, so that visit must be safe for
// concurrent use. Segments may overlap; that is for visit to judge. An error of visit ends the audit.
//
// A segment that is corrupt does not end it: the rest is read, and the error at the end joins a [CorruptError] for each, which
// the summary lists too. With any other error the audit is incomplete and proves nothing. Errors name the key.
func Audit(ctx context.Context, store *Store, options AuditOptions, visit func(AuditObject, []Record) error) (Summary, error) {
	a := &audit{store: store, visit: visit, decoder: NewDecoder(), partitions: map[partition][]AuditObject{}}
	if err := a.list(ctx, options.Topics); err != nil {
		return a.summary, fmt.Errorf("audit: %w", err)
	}
	parallel := options.Parallel
	if parallel <= 0 {
		parallel = defaultParallel
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, objects := range a.partitions {
		group.Go(func() error { return a.readAll(ctx, objects) })
	}
	if err := group.Wait(); err != nil {
		return a.summary, fmt.Errorf("audit: %w", err)
	}
	slices.SortFunc(a.summary.Corrupt, func(x, y *CorruptError) int { return strings.Compare(x.Key, y.Key) })
	return a.summary, a.corruption()
}

type partition struct {
	topic  string
	number int32
}

type audit struct {
	store      *Store
	visit      func(AuditObject, []Record) error
	decoder    *Decoder
	partitions map[partition][]AuditObject

	mu      sync.Mutex // guards summary while partitions are read
	summary Summary
}

func (a *audit) list(ctx context.Context, topics []string) error {
	layout, prefix := a.store.Layout(), a.store.Prefix()
	below := []string{""}
	if prefix != "" {
		below[0] = prefix + "/"
	}
	if len(topics) > 0 {
		below = below[:0]
		for _, topic := range topics {
			below = append(below, layout.TopicPrefix(prefix, topic))
		}
		slices.Sort(below)
		below = slices.Compact(below) // a topic that is named twice is read once
	}
	for _, tree := range below {
		for object, err := range a.store.List(ctx, tree) {
			if err != nil {
				return err
			}
			a.sort(object)
		}
	}
	for _, objects := range a.partitions {
		slices.SortFunc(objects, func(x, y AuditObject) int { return cmp.Compare(x.Base, y.Base) })
	}
	a.summary.Partitions = len(a.partitions)
	return nil
}

// sort puts an object of the listing where it belongs.
func (a *audit) sort(object Object) {
	layout := a.store.Layout()
	id, ok := layout.ParseKey(object.Key)
	switch {
	case ok && id.Prefix == a.store.Prefix():
		key := partition{topic: id.Topic, number: id.Partition}
		a.partitions[key] = append(a.partitions[key], AuditObject{
			Key: object.Key, Topic: id.Topic, Partition: id.Partition, Base: id.Base, Last: -1,
			Size: object.Size, ETag: object.ETag, Modified: object.Modified,
		})
	case layout.Companion(object.Key):
		a.summary.Companions++
	default:
		a.summary.Strangers = append(a.summary.Strangers, object.Key)
	}
}

func (a *audit) readAll(ctx context.Context, objects []AuditObject) error {
	for _, object := range objects {
		data, err := a.store.Get(ctx, object.Key)
		if err != nil {
			return err
		}
		records, err := a.decode(&object, data)
		if !a.count(object, records, err) {
			continue
		}
		if err := a.visit(object, records); err != nil {
			return fmt.Errorf("%s: %w", object.Key, err)
		}
	}
	return nil
}

func (a *audit) decode(object *AuditObject, data []byte) ([]Record, error) {
	object.Size = int64(len(data))
	segment, err := a.store.Layout().Decode(data)
	if err != nil {
		return nil, err
	}
	if segment.Base != object.Base {
		return nil, fmt.Errorf("begins at offset %d: its key says %d", segment.Base, object.Base)
	}
	object.Last = segment.Last
	records := make([]Record, 0, segment.Count)
	for batch, err := range Batches(segment.Body) {
		if err != nil {
			return nil, err
		}
		part, err := a.decoder.Records(batch)
		if err != nil {
			return nil, err
		}
		records = append(records, part...)
	}
	return records, nil
}

// count enters the object into the summary and reports whether it is sound.
func (a *audit) count(object AuditObject, records []Record, corrupt error) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.summary.Objects++
	a.summary.Bytes += object.Size
	a.summary.Records += int64(len(records))
	if corrupt != nil {
		a.summary.Corrupt = append(a.summary.Corrupt,
			&CorruptError{Key: object.Key, Topic: object.Topic, Partition: object.Partition, Err: corrupt})
	}
	return corrupt == nil
}

func (a *audit) corruption() error {
	errs := make([]error, 0, len(a.summary.Corrupt))
	for _, corrupt := range a.summary.Corrupt {
		errs = append(errs, corrupt)
	}
	return errors.Join(errs...)
}
