package s3backend

import (
	"slices"
	"strings"
	"time"

	"github.com/johannesboyne/gofakes3"
)

// bucket holds its keys in order, for listings; keys that came since the last listing wait in added, and keys that were removed
// since then stay until the next.
type bucket struct {
	created time.Time
	objects map[string]*object
	ordered []string
	added   []string
	removed bool
}

func newBucket(created time.Time) *bucket {
	return &bucket{created: created, objects: map[string]*object{}}
}

func (b *bucket) put(key string, o *object) {
	if b.objects[key] == nil {
		b.added = append(b.added, key)
	}
	b.objects[key] = o
}

func (b *bucket) remove(key string) {
	delete(b.objects, key)
	b.removed = true
}

// stale reports whether the ordered keys are not those of the objects.
func (b *bucket) stale() bool { return b.removed || len(b.added) > 0 }

func (b *bucket) order() {
	slices.Sort(b.added)
	merged := make([]string, 0, len(b.objects))
	old, added := b.ordered, b.added
	for len(old)+len(added) > 0 {
		from := &old
		if len(old) == 0 || len(added) > 0 && added[0] < old[0] {
			from = &added
		}
		key := (*from)[0]
		*from = (*from)[1:]
		if b.objects[key] != nil && (len(merged) == 0 || merged[len(merged)-1] != key) {
			merged = append(merged, key)
		}
	}
	b.ordered, b.added, b.removed = merged, nil, false
}

// ListBuckets returns all buckets in the order of their names.
func (b *Backend) ListBuckets() ([]gofakes3.BucketInfo, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	result := make([]gofakes3.BucketInfo, 0, len(b.buckets))
	for name, bucket := range b.buckets {
		result = append(result, gofakes3.BucketInfo{Name: name, CreationDate: gofakes3.NewContentTime(bucket.created)})
	}
	slices.SortFunc(result, func(x, y gofakes3.BucketInfo) int { return strings.Compare(x.Name, y.Name) })
	return result, nil
}

// CreateBucket creates an empty bucket.
func (b *Backend) CreateBucket(name string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.buckets[name] != nil {
		return gofakes3.ResourceError(gofakes3.ErrBucketAlreadyExists, name)
	}
	if err := b.bodies.createBucket(name); err != nil {
		return err
	}
	b.buckets[name] = newBucket(time.Now())
	return nil
}

// BucketExists reports whether there is a bucket of that name.
func (b *Backend) BucketExists(name string) (bool, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.buckets[name] != nil, nil
}

// DeleteBucket removes an empty bucket.
func (b *Backend) DeleteBucket(name string) error { return b.deleteBucket(name, false) }

// ForceDeleteBucket removes a bucket and all that is in it.
func (b *Backend) ForceDeleteBucket(name string) error { return b.deleteBucket(name, true) }

func (b *Backend) deleteBucket(name string, force bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	bucket := b.buckets[name]
	if bucket == nil {
		return gofakes3.BucketNotFound(name)
	}
	if len(bucket.objects) > 0 && !force {
		return gofakes3.ResourceError(gofakes3.ErrBucketNotEmpty, name)
	}
	if err := b.bodies.removeBucket(name); err != nil {
		return err
	}
	delete(b.buckets, name)
	return nil
}
