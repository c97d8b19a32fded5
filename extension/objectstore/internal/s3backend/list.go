package s3backend

import (
	"slices"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

// ListBucket returns one page of the keys, in the order of their bytes. A page ends before it holds more than MaxKeys keys and common
// prefixes together; its marker is the last key or common prefix that it holds.
func (b *Backend) ListBucket(name string, prefix *gofakes3.Prefix, page gofakes3.ListBucketPage) (*gofakes3.ObjectList, error) {
	keys, bucket, err := b.orderedKeys(name)
	if err != nil {
		return nil, err
	}
	var start, delimiter string
	if prefix != nil && prefix.HasPrefix {
		start = prefix.Prefix
	}
	if prefix != nil && prefix.HasDelimiter {
		delimiter = prefix.Delimiter
	}
	from, _ := slices.BinarySearch(keys, max(start, page.Marker))
	list := gofakes3.NewObjectList()
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, key := range keys[from:] {
		if !strings.HasPrefix(key, start) {
			break
		}
		entry := key
		if delimiter != "" {
			if head, _, found := strings.Cut(key[len(start):], delimiter); found {
				entry = start + head + delimiter
			}
		}
		o := bucket.objects[key]
		if o == nil || page.HasMarker && entry <= page.Marker { // removed a moment ago; or told on the page before
			continue
		}
		if entry == list.NextMarker && entry != key { // another key below the common prefix that came last
			continue
		}
		if page.MaxKeys > 0 && int64(len(list.Contents)+len(list.CommonPrefixes)) == page.MaxKeys {
			list.IsTruncated = true
			return list, nil
		}
		list.NextMarker = entry
		if entry != key {
			list.AddPrefix(entry)
			continue
		}
		list.Add(&gofakes3.Content{
			Key: key, Size: o.size, ETag: gofakes3.FormatETag(o.ETag), LastModified: gofakes3.NewContentTime(o.Modified),
		})
	}
	list.NextMarker = "" // a marker says that there is more
	return list, nil
}

// orderedKeys returns all keys of the bucket in order; the slice is not changed any more.
func (b *Backend) orderedKeys(name string) ([]string, *bucket, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	bucket := b.buckets[name]
	if bucket == nil {
		return nil, nil, gofakes3.BucketNotFound(name)
	}
	if bucket.stale() {
		bucket.order()
	}
	return bucket.ordered, bucket, nil
}
