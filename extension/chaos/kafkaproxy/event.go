package kafkaproxy

import (
	"fmt"
	"sync"
	"time"
)

// EventOptions say what is kept of what passes.
type EventOptions struct {
	// Memory is how many events are kept, the youngest ones. Default: 0, none.
	Memory int
	// File gets events as lines of JSON. What it has had is overwritten. Default: no file.
	File string
	// FileBytes bounds the file: after that many bytes it gets one last line that says so. Default: 64 MiB.
	FileBytes int64
}

// Event is one message that has passed, or what of it concerns one partition: each answer, and each message that a fault has lost or
// that has no answer. Behind a single endpoint, what faults do on the way to a broker is there too, with the broker.
type Event struct {
	Time time.Time `json:"time"`
	// Direction is "response" for an answer that passed, and where a message was lost for one that did not.
	Direction Direction `json:"direction"`
	// Client is the address that the client connects from, and ClientID its client.id.
	Client   string `json:"client,omitempty"`
	ClientID string `json:"clientId,omitempty"`
	// Broker is the node id, −1 if the message concerns the cluster, or it is not known.
	Broker  int32  `json:"broker"`
	API     string `json:"api"`
	Version int16  `json:"version"`
	// Topic is "" for a message that is not about the records of a partition; then the fields up to Error mean nothing.
	Topic     string `json:"topic,omitempty"`
	Partition int32  `json:"partition"`
	// BaseOffset is where the first record stands, −1 if it is not known.
	BaseOffset int64 `json:"baseOffset"`
	Records    int64 `json:"records"`
	// Error is the name of the error that the client has got, "" for none.
	Error string `json:"error,omitempty"`
	// Fault is the id of the one that has acted last, 0 for none, and Action what it has done.
	Fault  int64  `json:"fault,omitempty"`
	Action Action `json:"action,omitempty"`
	// Acted is the number of records that it has acted on.
	Acted int64 `json:"acted,omitempty"`
}

// Events returns the events that are kept in memory, oldest first.
func (p *Proxy) Events() []Event {
	if p.faults.events == nil {
		return nil
	}
	return p.faults.events.all()
}

// events is the log of what passes.
type events struct {
	mu   sync.Mutex
	ring []Event
	next int // the oldest, once the ring is full
	size int
	file *eventFile
}

// newEvents returns nil if nothing is to be kept.
func newEvents(o EventOptions) (*events, error) {
	if o.Memory < 0 || o.FileBytes < 0 {
		return nil, fmt.Errorf("events: %d in memory, %d bytes in a file: must not be negative", o.Memory, o.FileBytes)
	}
	if o.Memory == 0 && o.File == "" {
		return nil, nil
	}
	e := &events{size: o.Memory}
	if o.File == "" {
		return e, nil
	}
	file, err := openEventFile(o.File, o.FileBytes)
	if err != nil {
		return nil, err
	}
	e.file = file
	return e, nil
}

func (e *events) add(event Event) {
	event.Time = time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.size == 0:
	case len(e.ring) < e.size:
		e.ring = append(e.ring, event)
	default:
		e.ring[e.next] = event
		e.next = (e.next + 1) % e.size
	}
	if e.file != nil {
		e.file.write(event)
	}
}

func (e *events) all() []Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append(append([]Event(nil), e.ring[e.next:]...), e.ring[:e.next]...)
}

// close says what went wrong with the file.
func (e *events) close() error {
	if e == nil || e.file == nil {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.file.close()
}
