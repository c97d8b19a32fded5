package s3proxy

import (
	"maps"
	"sync"
	"time"
)

// Entry is one request. All times carry Go's monotonic clock, so that they compare with times of the same process even when the wall
// clock jumps.
type Entry struct {
	// Start is when the request's header was received from the client.
	Start time.Time
	// End is when the upstream's answer was received, before any of it was passed on; where there was none, when that was known.
	End         time.Time
	Operation   Operation
	Bucket, Key string
	Status      int    // of the upstream; 0: no answer
	ErrorCode   string // of S3, such as "NoSuchKey", where the answer holds one
	ETag        string // of the answer, without quotes
	Request     int64  // bytes of the request's body that were read up to End
	Response    int64  // bytes of the answer's body that were passed on
	Rule, Stage string // of the fault that acted on the request; empty: none
	Err         string // what went wrong on the way: no answer, or an answer that ended early
}

// Count tells requests apart that are counted together.
type Count struct {
	Operation Operation
	Status    int // 0: no answer
}

// Log is what a proxy has seen. The latest requests are kept whole; counts and first writes are exact over all. It is safe for
// concurrent use. A request is in it before its client gets any of the answer.
type Log struct {
	start time.Time

	mu     sync.Mutex
	ring   []Entry
	limit  int
	total  uint64 // requests ever; the latest is at (total−1) mod limit
	counts map[Count]int64
	writes map[object]write
}

type object struct{ bucket, key string }

type write struct {
	first time.Duration // since the start of the log
	count int
}

func newLog(limit int) *Log {
	return &Log{start: time.Now(), limit: limit, counts: map[Count]int64{}, writes: map[object]write{}}
}

// add enters the answered request and returns its number, for finish.
func (l *Log) add(e Entry) uint64 {
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
	if e.Operation.writes() && e.Status/100 == 2 && e.ErrorCode == "" {
		id := object{e.Bucket, e.Key}
		w, again := l.writes[id]
		if !again || e.End.Sub(l.start) < w.first {
			w.first = e.End.Sub(l.start)
		}
		w.count++
		l.writes[id] = w
	}
	return number
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

// Counts returns the number of requests by operation and status, over all.
func (l *Log) Counts() map[Count]int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.counts)
}

// FirstWrite returns when the first successful write of the object was answered by the upstream: a PutObject, a CopyObject or a
// CompleteMultipartUpload. It is exact over all requests, dropped ones included; ok is false where there was none.
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
