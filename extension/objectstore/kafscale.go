package objectstore

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"path"
	"strconv"
	"strings"
	"time"
)

// KafScaleLayout names the layout of KafScale 1.6.
const KafScaleLayout = "kafscale"

const (
	kfsMagic      = "KAFS"
	kfsEnd        = "END!"
	kfsVersion    = 1
	kfsHeaderSize = 32
	kfsFooterSize = 16
)

// KafScale returns the layout of KafScale 1.6: <namespace>/<topic>/<partition>/segment-<base, 20 digits>.kfs, where the
// prefix is the namespace. The object is a header of 32 bytes {"KAFS", u16 version, u16 flags, i64 base offset, i32 count, i64
// created in ms, u32 0}, the record batches, and a footer of 16 bytes {u32 CRC32-C of the batches, i64 last offset, "END!"},
// all big endian.
func KafScale() Layout { return kafscale{castagnoli: crc32.MakeTable(crc32.Castagnoli)} }

type kafscale struct{ castagnoli *crc32.Table }

func (kafscale) Name() string { return KafScaleLayout }

func (k kafscale) Key(prefix, topic string, partition int32, base int64) string {
	return fmt.Sprintf("%s%d/segment-%020d.kfs", k.TopicPrefix(prefix, topic), partition, base)
}

func (kafscale) TopicPrefix(prefix, topic string) string {
	if prefix == "" {
		return topic + "/"
	}
	return prefix + "/" + topic + "/"
}

func (k kafscale) ParseKey(key string) (SegmentID, bool) {
	return k.parse(key, ".kfs")
}

func (k kafscale) Companion(key string) bool {
	_, ok := k.parse(key, ".index")
	return ok
}

func (k kafscale) parse(key, suffix string) (SegmentID, bool) {
	dir, name := path.Split(key)
	digits, isSegment := strings.CutPrefix(name, "segment-")
	digits, hasSuffix := strings.CutSuffix(digits, suffix)
	base, err := strconv.ParseInt(digits, 10, 64)
	if !isSegment || !hasSuffix || err != nil || base < 0 {
		return SegmentID{}, false
	}
	dir, number := path.Split(strings.TrimSuffix(dir, "/"))
	partition, err := strconv.ParseInt(number, 10, 32)
	if err != nil || partition < 0 {
		return SegmentID{}, false
	}
	prefix, topic := path.Split(strings.TrimSuffix(dir, "/"))
	id := SegmentID{Prefix: strings.TrimSuffix(prefix, "/"), Topic: topic, Partition: int32(partition), Base: base}
	// Whatever the numbers were written like, only one spelling of a key is right: two objects must not claim one offset.
	if topic == "" || strings.TrimSuffix(k.Key(id.Prefix, topic, id.Partition, base), ".kfs")+suffix != key {
		return SegmentID{}, false
	}
	return id, true
}

func (k kafscale) Encode(s Segment) []byte {
	data := make([]byte, 0, kfsHeaderSize+len(s.Body)+kfsFooterSize)
	data = append(data, kfsMagic...)
	data = binary.BigEndian.AppendUint16(data, kfsVersion)
	data = binary.BigEndian.AppendUint16(data, 0)
	data = binary.BigEndian.AppendUint64(data, uint64(s.Base))
	data = binary.BigEndian.AppendUint32(data, uint32(s.Count))
	data = binary.BigEndian.AppendUint64(data, uint64(s.Created.UnixMilli()))
	data = binary.BigEndian.AppendUint32(data, 0)
	data = append(data, s.Body...)
	data = binary.BigEndian.AppendUint32(data, crc32.Checksum(s.Body, k.castagnoli))
	data = binary.BigEndian.AppendUint64(data, uint64(s.Last))
	return append(data, kfsEnd...)
}

func (k kafscale) Decode(data []byte) (Segment, error) {
	if len(data) < kfsHeaderSize+kfsFooterSize {
		return Segment{}, fmt.Errorf("segment of %d bytes: shorter than its header and footer", len(data))
	}
	header, footer := data[:kfsHeaderSize], data[len(data)-kfsFooterSize:]
	s := Segment{
		Base:    int64(binary.BigEndian.Uint64(header[8:])),
		Count:   int32(binary.BigEndian.Uint32(header[16:])),
		Created: time.UnixMilli(int64(binary.BigEndian.Uint64(header[20:]))),
		Last:    int64(binary.BigEndian.Uint64(footer[4:])),
		Body:    data[kfsHeaderSize : len(data)-kfsFooterSize],
	}
	if magic := string(header[:4]); magic != kfsMagic {
		return Segment{}, fmt.Errorf("segment begins with %q: want %q", magic, kfsMagic)
	}
	if version := binary.BigEndian.Uint16(header[4:]); version != kfsVersion {
		return Segment{}, fmt.Errorf("segment of version %d: only version %d is known", version, kfsVersion)
	}
	if end := string(footer[12:]); end != kfsEnd {
		return Segment{}, fmt.Errorf("segment ends with %q: want %q", end, kfsEnd)
	}
	if want, got := binary.BigEndian.Uint32(footer), crc32.Checksum(s.Body, k.castagnoli); want != got {
		return Segment{}, fmt.Errorf("segment body has checksum %08x: its footer says %08x", got, want)
	}
	return s, s.check()
}

// check compares what header and footer say with the batches.
func (s Segment) check() error {
	first, last, records := int64(-1), int64(-1), int64(0)
	for batch, err := range Batches(s.Body) {
		switch {
		case err != nil:
			return err
		case first == -1:
			first = batch.BaseOffset
		case batch.BaseOffset <= last:
			return fmt.Errorf("batch at offset %d follows one that ends at %d", batch.BaseOffset, last)
		}
		last = batch.LastOffset()
		records += int64(batch.Count)
	}
	if first != s.Base || last != s.Last {
		return fmt.Errorf("batches span offsets %d to %d: header and footer say %d to %d", first, last, s.Base, s.Last)
	}
	if records != int64(s.Count) {
		return fmt.Errorf("batches hold %d records: the header says %d", records, s.Count)
	}
	return nil
}
