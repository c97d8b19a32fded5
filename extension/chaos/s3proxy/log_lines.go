package s3proxy

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
)

// WriteLog writes the requests that are kept as lines of JSON, one each, as Entry has them.
func (l *Log) WriteLog(w io.Writer) error {
	encoder := json.NewEncoder(w)
	for _, e := range l.Entries() {
		if err := encoder.Encode(e); err != nil {
			return fmt.Errorf("writing the log of requests: %w", err)
		}
	}
	return nil
}

// lines writes requests as they end.
type lines struct {
	mu      sync.Mutex
	encoder *json.Encoder
	err     error // the first; nothing is written after it
}

func (l *lines) write(e Entry) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = l.encoder.Encode(e)
	}
}

// failed is why lines are missing.
func (l *lines) failed() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return fmt.Errorf("s3 proxy: writing its log, of which lines are missing now: %w", l.err)
	}
	return nil
}
