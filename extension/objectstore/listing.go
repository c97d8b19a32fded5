package objectstore

import (
	"context"
	"fmt"
	"iter"

	"github.com/minio/minio-go/v7"
)

// Segments lists the segments of the topics, all topics if none is named, by partition and base offset, without reading them: Last
// is -1.
func Segments(ctx context.Context, store *Store, topics ...string) ([]AuditObject, error) {
	a := &audit{store: store, partitions: map[partition][]AuditObject{}}
	if err := a.list(ctx, topics); err != nil {
		return nil, fmt.Errorf("list the segments: %w", err)
	}
	var all []AuditObject
	for _, objects := range a.partitions {
		all = append(all, objects...)
	}
	return all, nil
}

// Versions lists all that was ever written below the prefix and is still kept, the newest of each key first. A store that keeps no
// versions lists what it has, or answers with an error.
func (s *Store) Versions(ctx context.Context, prefix string) iter.Seq2[Version, error] {
	return func(yield func(Version, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		options := minio.ListObjectsOptions{Prefix: prefix, Recursive: true, WithVersions: true}
		for info := range s.retrying.ListObjects(ctx, s.config.Bucket, options) {
			if info.Err != nil {
				yield(Version{}, s.explain("list the versions of", prefix, info.Err))
				return
			}
			version := Version{
				Object: Object{Key: info.Key, Size: info.Size, ETag: info.ETag, Modified: info.LastModified},
				ID:     info.VersionID, Deleted: info.IsDeleteMarker,
			}
			if !yield(version, nil) {
				return
			}
		}
	}
}

// Version is one of the states that an object has had.
type Version struct {
	Object
	ID      string // "null" or empty where the bucket keeps no versions
	Deleted bool   // a marker that says that the object was deleted
}
