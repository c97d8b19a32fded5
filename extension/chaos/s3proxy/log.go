package s3proxy

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// Entry is one request. All times carry Go's monotonic clock, so that they compare with times of the same process even when the wall
// clock jumps.
type Entry struct {
	// Start is when the request's header was received from the client.
	Start time.Time `json:"start"`
	// End is when the upstream's answer was received, before any of it was passed on; where there was none, when that was known.
	End       time.Time `json:"end"`
	Operation Operation `json:"operation"`
	Bucket    string    `json:"bucket,omitempty"`
	Key       string    `json:"key,omitempty"`
	Status    int       `json:"status"`              // of the upstream; 0: no answer
	Told      int       `json:"told"`                // the status that the client is told; 0: none
	ErrorCode string    `json:"errorCode,omitempty"` // of S3, such as "NoSuchKey", where the upstream's answer holds one
	ETag      string    `json:"etag,omitempty"`      // of the upstream's answer, without quotes
	Request   int64     `json:"request"`             // bytes of the request's body, as it says; −1: it does not
	Response  int64     `json:"response"`            // bytes of the answer's body that were passed on
	Rule      string    `json:"rule,omitempty"`      // faults that acted on the request, such as "#1 delay, #3 lost"; empty: none
	Stage     string    `json:"stage,omitempty"`     // where each of them did, such as "before, response"
	Err       string    `json:"err,omitempty"`       // what went wrong on the way: no answer, or an answer that ended early
}

// Count tells requests apart that are counted together.
type Count struct {
	Operation Operation
	Status    int // of the upstream; 0: no answer
}

// Overwrite is an object that was written again, with another content: two successful writes of different ETags, and no successful
// delete between them.
type Overwrite struct {
	Bucket    string    `json:"bucket"`
	Key       string    `json:"key"`
	FirstETag string    `json:"firstEtag"`
	ETag      string    `json:"etag"`
	At        time.Time `json:"at"` // when the upstream acknowledged the later one
}

// Log is what a proxy has seen. The latest requests are kept whole; counts, first writes and overwrites are exact over all. It is safe
// for concurrent use. A request is in it before its client gets any of the answer; one that a fault puts off, once it is done.
type Log struct {
	start time.Time
	lines *lines // nil: nobody wants any

	mu          sync.Mutex
	ring        []Entry
	limit       int
	total       uint64 // requests ever; the latest is at (total−1) mod limit
	counts      map[Count]int64
	writes      map[object]write
	overwritten []Overwrite
}

type object struct{ bucket, key string }

type write struct {
	first time.Duration // since the start of the log
	count int
	born  time.Duration // when it was written and had not been there, or had been deleted
	etag  string        // of that; "" where it is not known, or the object was deleted
	gone  bool
}

func newLog(limit int) *Log {
	return &Log{start: time.Now(), limit: limit, counts: map[Count]int64{}, writes: map[object]write{}}
}

// add enters the answered request and returns its number, for finish. Of DeleteObjects, deleted are the keys; nil: not known.
func (l *Log) add(e Entry, deleted []string) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	number := l.total
	l.total++
	if len(l.ring) < l.limit {
		l.ring = append(l.ring, e)
	} else {
		l.ring[number%uint64(l.limit)] = e
	}
	l.counts[Count{e.Operation, e.Status}]++
	if e.Status/100 == 2 && e.ErrorCode == "" {
		l.apply(e, deleted)
	}
	return number
}

// apply notes what a success has changed; the caller has the lock.
func (l *Log) apply(e Entry, deleted []string) {
	switch {
	case e.Operation.writes():
		l.wrote(object{e.Bucket, e.Key}, e.End.Sub(l.start), e)
	case e.Operation == DeleteObject:
		l.remove(object{e.Bucket, e.Key})
	case e.Operation == DeleteObjects:
		for _, key := range deleted {
			l.remove(object{e.Bucket, key})
		}
		if deleted == nil {
			l.removeAll(e.Bucket)
		}
	case e.Operation == DeleteBucket:
		l.removeAll(e.Bucket)
	}
}

func (l *Log) wrote(id object, at time.Duration, e Entry) {
	w, again := l.writes[id]
	if !again || at < w.first {
		w.first = at
	}
	if !again || w.gone {
		w.born, w.etag, w.gone = at, e.ETag, false
	}
	if w.etag == "" {
		w.etag = e.ETag
	}
	if e.ETag != "" && e.ETag != w.etag {
		l.overwritten = append(l.overwritten, Overwrite{Bucket: id.bucket, Key: id.key, FirstETag: w.etag, ETag: e.ETag, At: e.End})
	}
	w.count++
	l.writes[id] = w
}

func (l *Log) remove(id object) {
	if w, ok := l.writes[id]; ok {
		w.gone = true
		l.writes[id] = w
	}
}

func (l *Log) removeAll(bucket string) {
	for id := range l.writes {
		if id.bucket == bucket {
			l.remove(id)
		}
	}
}

// finish enters how the passing on of the answer ended.
func (l *Log) finish(number uint64, passed int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.total-number > uint64(l.limit) {
		return // dropped in the meantime
	}
	e := &l.ring[number%uint64(l.limit)]
	e.Response = passed
	if err != nil {
		e.Err = err.Error()
	}
}

// Entries returns the requests that are kept, in the order in which they were answered.
func (l *Log) Entries() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	entries := make([]Entry, 0, len(l.ring))
	for number := l.total - uint64(len(l.ring)); number < l.total; number++ {
		entries = append(entries, l.ring[number%uint64(l.limit)])
	}
	return entries
}

// Total returns how many requests there were; Dropped, how many of them Entries does not return any more.
func (l *Log) Total() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(l.total)
}

// Dropped returns how many requests were counted and are not kept any more.
func (l *Log) Dropped() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(l.total) - int64(len(l.ring))
}

// Counts returns the number of requests by operation and status of the upstream, over all.
func (l *Log) Counts() map[Count]int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.counts)
}

// FirstWrite returns when the first successful write of the object was acknowledged by the upstream, whatever its client was told: a
// PutObject, a CopyObject or a CompleteMultipartUpload. It is exact over all requests, dropped ones included; ok is false where
// there was none.
func (l *Log) FirstWrite(bucket, key string) (at time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w, ok := l.writes[object{bucket, key}]
	if !ok {
		return time.Time{}, false
	}
	return l.start.Add(w.first), true
}

// Writes returns how many successful writes the object had; more than one means that it was written again.
func (l *Log) Writes(bucket, key string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.writes[object{bucket, key}].count
}

// Overwritten returns the objects that were written again with another content, in the order in which that was acknowledged. It is
// exact over all requests, as far as answers have ETags.
func (l *Log) Overwritten() []Overwrite {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.overwritten)
}

// bornAfter reports whether the object is known not to have been there at a time.
func (l *Log) bornAfter(bucket, key string, t time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	w, ok := l.writes[object{bucket, key}]
	return ok && !w.gone && w.born > t.Sub(l.start)
}

// page returns at most limit of the requests after the first since that there were, and the since of what follows. Those that are not
// kept any more are left out.
func (l *Log) page(since, limit int64) (entries []Entry, next int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	begin := max(uint64(since), l.total-uint64(len(l.ring)))
	end := max(begin, min(l.total, begin+uint64(limit)))
	entries = []Entry{}
	for number := begin; number < end; number++ {
		entries = append(entries, l.ring[number%uint64(l.limit)])
	}
	return entries, int64(end)
}
