// Package s3backend keeps the objects of an embedded S3 server (gofakes3) in memory or in a folder.
//
// It stands in for the backends that gofakes3 brings along. Their folder writes in place under the final name, so that a client
// which goes away, or a crash, leaves a torn object that looks whole; it keeps ETags beside the objects and loses them; it knows no
// pages; "a" and "a/b" cannot both exist. Their memory walks the whole bucket for each page of a listing.
package s3backend

import (
	"bytes"
	"crypto/md5" //nolint:gosec // the ETag of S3 is an MD5
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/johannesboyne/gofakes3"
)

// Backend implements gofakes3.Backend. It has no versions, and multipart uploads that are not complete are lost with the process.
type Backend struct {
	bodies bodies

	mu      sync.RWMutex
	buckets map[string]*bucket
}

var _ gofakes3.Backend = (*Backend)(nil)

// bodies is where the bytes of the objects are. Implementations are called under the lock of the backend, except stage.
type bodies interface {
	// stage takes a body in, not yet visible. The caller calls commit, discard, or commit and then discard.
	stage(body []byte, attributes attributes) (staged, error)
	open(bucket, key string, o *object) (io.ReadSeekCloser, error)
	remove(bucket, key string) error
	createBucket(bucket string) error
	removeBucket(bucket string) error
	close() error
}

// staged is a body on its way into the backend.
type staged interface {
	// commit makes the body the one of the key, at once and as a whole.
	commit(bucket, key string, o *object) error
	// discard frees what is staged and not committed.
	discard()
}

// attributes are what an object has besides its body.
type attributes struct {
	ETag     []byte            `json:"etag"`
	Modified time.Time         `json:"modified"`
	Headers  map[string]string `json:"headers,omitempty"`
}

type object struct {
	attributes
	size int64
	body []byte // in memory only
}

// New returns a backend that keeps everything in memory.
func New() *Backend {
	return &Backend{bodies: memory{}, buckets: map[string]*bucket{}}
}

// Close gives the folder back. The backend must not be used after it.
func (b *Backend) Close() error { return b.bodies.close() }

// PutObject stores the body as a whole or not at all.
func (b *Backend) PutObject(
	bucketName, key string, headers map[string]string, input io.Reader, size int64, conditions *gofakes3.PutConditions,
) (gofakes3.PutObjectResult, error) {
	var none gofakes3.PutObjectResult
	body, err := gofakes3.ReadAll(input, size)
	if err != nil {
		return none, err
	}
	o := &object{size: size, attributes: attributes{ETag: etag(input, body), Modified: time.Now().UTC(), Headers: kept(headers)}}
	staged, err := b.bodies.stage(body, o.attributes)
	if err != nil {
		return none, err
	}
	defer staged.discard()

	b.mu.Lock()
	defer b.mu.Unlock()
	bucket := b.buckets[bucketName]
	if bucket == nil {
		return none, gofakes3.BucketNotFound(bucketName)
	}
	if conditions != nil {
		var now gofakes3.ConditionalObjectInfo
		if there := bucket.objects[key]; there != nil {
			now = gofakes3.ConditionalObjectInfo{Exists: true, Hash: there.ETag}
		}
		if err := gofakes3.CheckPutConditions(conditions, &now); err != nil {
			return none, err
		}
	}
	if err := staged.commit(bucketName, key, o); err != nil {
		return none, err
	}
	bucket.put(key, o)
	return none, nil
}

// etag takes the sum that gofakes3 has made while it read, if it has: hashing is most of the work of a PUT.
func etag(input io.Reader, body []byte) []byte {
	if summed, ok := input.(interface{ Sum(into []byte) []byte }); ok {
		return summed.Sum(nil)
	}
	sum := md5.Sum(body) //nolint:gosec // see the import
	return sum[:]
}

// kept are the headers that belong to the object and not to the request which brought it.
func kept(headers map[string]string) map[string]string {
	result := map[string]string{}
	for name, value := range headers {
		if strings.HasPrefix(name, "X-Amz-Meta-") || strings.HasPrefix(name, "Content-") {
			result[name] = value
		}
	}
	return result
}

// GetObject returns the object with its body open.
func (b *Backend) GetObject(bucketName, key string, wanted *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	o, err := b.find(bucketName, key)
	if err != nil {
		return nil, err
	}
	bounds, err := wanted.Range(o.size)
	if err != nil {
		return nil, err
	}
	file, err := b.bodies.open(bucketName, key, o)
	if err != nil {
		return nil, err
	}
	result := o.describe(key)
	start, length := int64(0), o.size
	if bounds != nil {
		start, length, result.Range = bounds.Start, bounds.Length, bounds
	}
	if _, err := file.Seek(start, io.SeekStart); err != nil {
		_ = file.Close()
		return nil, err
	}
	result.Contents = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(file, length), file}
	return result, nil
}

// HeadObject returns the object with an empty body.
func (b *Backend) HeadObject(bucketName, key string) (*gofakes3.Object, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	o, err := b.find(bucketName, key)
	if err != nil {
		return nil, err
	}
	result := o.describe(key)
	result.Contents = io.NopCloser(bytes.NewReader(nil))
	return result, nil
}

func (o *object) describe(key string) *gofakes3.Object {
	headers := map[string]string{"Last-Modified": o.Modified.Format("Mon, 02 Jan 2006 15:04:05 GMT")}
	for name, value := range o.Headers {
		headers[name] = value
	}
	return &gofakes3.Object{Name: key, Metadata: headers, Size: o.size, Hash: slices.Clone(o.ETag)}
}

func (b *Backend) find(bucketName, key string) (*object, error) {
	bucket := b.buckets[bucketName]
	if bucket == nil {
		return nil, gofakes3.BucketNotFound(bucketName)
	}
	o := bucket.objects[key]
	if o == nil {
		return nil, gofakes3.KeyNotFound(key)
	}
	return o, nil
}

// DeleteObject removes the object; that there is none is no error.
func (b *Backend) DeleteObject(bucketName, key string) (gofakes3.ObjectDeleteResult, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var none gofakes3.ObjectDeleteResult
	bucket := b.buckets[bucketName]
	if bucket == nil {
		return none, gofakes3.BucketNotFound(bucketName)
	}
	if bucket.objects[key] == nil {
		return none, nil
	}
	if err := b.bodies.remove(bucketName, key); err != nil {
		return none, err
	}
	bucket.remove(key)
	return none, nil
}

// DeleteMulti removes several objects; those that it cannot remove are in the result.
func (b *Backend) DeleteMulti(bucketName string, keys ...string) (gofakes3.MultiDeleteResult, error) {
	var result gofakes3.MultiDeleteResult
	if exists, _ := b.BucketExists(bucketName); !exists {
		return result, gofakes3.BucketNotFound(bucketName)
	}
	for _, key := range keys {
		if _, err := b.DeleteObject(bucketName, key); err != nil {
			failed := gofakes3.ErrorResultFromError(err)
			failed.Key = key
			result.Error = append(result.Error, failed)
			continue
		}
		result.Deleted = append(result.Deleted, gofakes3.ObjectID{Key: key})
	}
	return result, nil
}

// CopyObject reads one object and writes it as another.
func (b *Backend) CopyObject(fromBucket, fromKey, toBucket, toKey string, headers map[string]string) (gofakes3.CopyObjectResult, error) {
	return gofakes3.CopyObject(b, fromBucket, fromKey, toBucket, toKey, headers)
}
