package trust

import (
	"context"
	"strings"
	"time"

	"k6suite/extension/ledger"
	"k6suite/extension/objectstore"
)

// lookTime bounds one look at the bucket while traffic flows: one that takes longer shows nothing, and that is no error.
const lookTime = 10 * time.Second

// lookAtBucket notes which segments there are, and of which content by their ETag: an object that is another one later was overwritten.
func (r *Run) lookAtBucket(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	store, err := r.target.openBucket(ctx)
	if err != nil {
		return // preflight has reached it, and the audit at the end will say what is wrong
	}
	defer store.Close()
	at := time.Now()
	segments, err := objectstore.Segments(ctx, store, r.opts.Topics...)
	if err != nil {
		return
	}
	for i := range segments {
		r.sawObject(&segments[i], "", at)
	}
}

func (r *Run) sawObject(o *objectstore.AuditObject, version string, at time.Time) {
	r.ledger.SawObject(ledger.ObjectSeen{
		Key: o.Key, TP: ledger.TopicPartition{Topic: o.Topic, Partition: o.Partition}, Base: o.Base,
		ETag: strings.Trim(o.ETag, `"`), Size: o.Size, At: at, Version: version,
	})
}

// lookAtHistory notes what the bucket has kept of earlier states of its segments, and what the proxy before it saw written.
func (r *Run) lookAtHistory(ctx context.Context, store *objectstore.Store) {
	layout, prefix := store.Layout(), store.Prefix()
	see := func(key, etag, version string, size int64, at time.Time) {
		id, ok := layout.ParseKey(key)
		if !ok || id.Prefix != prefix {
			return
		}
		r.sawObject(&objectstore.AuditObject{
			Key: key, Topic: id.Topic, Partition: id.Partition, Base: id.Base, ETag: etag, Size: size,
		}, version, at)
	}
	for _, topic := range r.opts.Topics {
		for version, err := range store.Versions(ctx, layout.TopicPrefix(prefix, topic)) {
			if err != nil {
				break // a store that keeps no versions may say so
			}
			if !version.Deleted {
				see(version.Key, version.ETag, version.ID, version.Size, version.Modified)
			}
		}
	}
	for _, o := range r.target.overwritten() {
		see(o.Key, o.FirstETag, "", 0, r.target.firstWrite(o.Key))
		see(o.Key, o.ETag, "", 0, o.At)
	}
}
