package objectstore

import (
	"fmt"
	"time"
)

// Layout is how a system keeps the log of a partition in objects: the names of the objects and what is in them. It must be
// safe for concurrent use.
type Layout interface {
	// Name is what a profile calls the layout.
	Name() string
	// Key returns the key of the segment that begins at offset base.
	Key(prefix, topic string, partition int32, base int64) string
	// TopicPrefix returns what the keys of all segments of the topic, and of no other topic, begin with.
	TopicPrefix(prefix, topic string) string
	// ParseKey takes a key apart; ok is false when the key is not one of a segment.
	ParseKey(key string) (id SegmentID, ok bool)
	// Companion reports whether the key is that of an object which the system keeps beside its segments, such as an index.
	Companion(key string) bool
	// Encode returns the bytes of the object that holds the segment.
	Encode(segment Segment) []byte
	// Decode is strict: each length, magic number, version and checksum must be right, and the offsets must agree. It does not
	// copy: the body is a part of data. Topic and Partition stay empty where only the key knows them.
	Decode(data []byte) (Segment, error)
}

// SegmentID is what the key of a segment says.
type SegmentID struct {
	Prefix    string
	Topic     string
	Partition int32
	Base      int64 // the offset of the first record
}

// Segment is a piece of the log of one partition.
type Segment struct {
	Topic      string
	Partition  int32
	Base, Last int64 // the first and the last offset of the batches, both inclusive
	Count      int32 // records in all, control records included
	Created    time.Time
	Body       []byte // record batches of version 2, one after the other, as on the wire
}

// LayoutNamed returns the layout of that name. There is one so far: "kafscale".
func LayoutNamed(name string) (Layout, error) {
	if name == KafScaleLayout {
		return KafScale(), nil
	}
	return nil, fmt.Errorf("object store: layout %q is not known: known is %q", name, KafScaleLayout)
}
