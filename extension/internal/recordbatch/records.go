package recordbatch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Coder takes batches apart and puts them together. It keeps what compression can use again, and is safe for concurrent use.
type Coder struct {
	decompressor kgo.Decompressor
	compressors  map[int8]kgo.Compressor
}

// NewCoder returns a Coder for all codecs of Kafka.
func NewCoder() *Coder {
	c := &Coder{decompressor: kgo.DefaultDecompressor(), compressors: map[int8]kgo.Compressor{}}
	for codec, compression := range map[kgo.CompressionCodecType]kgo.CompressionCodec{
		kgo.CodecGzip: kgo.GzipCompression(), kgo.CodecSnappy: kgo.SnappyCompression(),
		kgo.CodecLz4: kgo.Lz4Compression(), kgo.CodecZstd: kgo.ZstdCompression(),
	} {
		compressor, err := kgo.DefaultCompressor(compression)
		if err != nil {
			panic("recordbatch: " + err.Error()) // kgo does not know its own codec
		}
		c.compressors[int8(codec)] = compressor
	}
	return c
}

// Records returns the records of the batch: as many as its header counts, and no byte left. Keys and values may be parts of the
// batch, not copies.
func (c *Coder) Records(b Batch) ([]kmsg.Record, error) {
	payload, err := c.decompressor.Decompress(b[HeaderBytes:], kgo.CompressionCodecType(b.Codec()))
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	if count := b.Count(); count < 0 || int64(count) > int64(len(payload)) { // a record has one byte at least
		return nil, fmt.Errorf("%d records in %d bytes", count, len(payload))
	}
	records := make([]kmsg.Record, b.Count())
	in := kbin.Reader{Src: payload}
	for i := range records {
		whole := in.Src
		length := in.Varint()
		lengthBytes := len(whole) - len(in.Src)
		if length < 0 || in.Span(int(length)) == nil && length > 0 || in.Complete() != nil {
			return nil, fmt.Errorf("record %d of %d: length %d", i+1, len(records), length)
		}
		if err := records[i].ReadFrom(whole[:lengthBytes+int(length)]); err != nil {
			return nil, fmt.Errorf("record %d of %d: %w", i+1, len(records), err)
		}
	}
	if len(in.Src) > 0 {
		return nil, fmt.Errorf("%d bytes follow the records", len(in.Src))
	}
	return records, nil
}

// WithRecords returns a batch like b with other records, compressed as b is. Offsets and sequence numbers stay: the offset deltas of
// the records must be within those of b, and what is missing is missing as compaction has it.
func (c *Coder) WithRecords(b Batch, records []kmsg.Record) (Batch, error) {
	var payload []byte
	latest := b.FirstTimestamp()
	for _, r := range records {
		r.Length = 0
		const lengthBytes = 1 // of length 0
		r.Length = int32(len(r.AppendTo(nil)) - lengthBytes)
		payload = r.AppendTo(payload)
		latest = max(latest, b.FirstTimestamp()+r.TimestampDelta64)
	}
	attributes := uint16(b.Attributes())
	switch codec := b.Codec(); {
	case len(records) == 0:
		attributes &^= codecMask // as brokers keep a batch of which compaction left nothing
	case codec != 0:
		compressor := c.compressors[codec]
		if compressor == nil {
			return nil, fmt.Errorf("compress: codec %d does not exist", codec)
		}
		var used kgo.CompressionCodecType
		if payload, used = compressor.Compress(new(bytes.Buffer), payload); int8(used) != codec {
			return nil, errors.New("compress: the codec failed")
		}
	}
	out := append(append(make(Batch, 0, HeaderBytes+len(payload)), b[:HeaderBytes]...), payload...)
	binary.BigEndian.PutUint16(out[atAttributes:], attributes)
	if attributes&logAppendTimeBit == 0 && len(records) > 0 {
		binary.BigEndian.PutUint64(out[atMaxTimestamp:], uint64(latest))
	}
	binary.BigEndian.PutUint32(out[atCount:], uint32(len(records)))
	out.Seal()
	return out, nil
}

// Dense returns a batch like b with other records, one offset after the other from b's first on, as brokers want it of producers.
func (c *Coder) Dense(b Batch, records []kmsg.Record) (Batch, error) {
	for i := range records {
		records[i].OffsetDelta = int32(i)
	}
	out, err := c.WithRecords(b, records)
	if err != nil {
		return nil, err
	}
	out.SetLastOffsetDelta(int32(len(records)) - 1)
	out.Seal()
	return out, nil
}
