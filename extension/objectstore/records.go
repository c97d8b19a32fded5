package objectstore

import (
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Record is one record of a batch. Key, Value and Headers are parts of the batch, not copies; nil is Kafka's null.
type Record struct {
	Offset        int64
	Timestamp     time.Time
	Key, Value    []byte
	Headers       []Header
	Control       bool // a transaction marker
	Transactional bool
	ProducerID    int64
	ProducerEpoch int16
	Sequence      int32 // of the record within its producer and partition; −1: no idempotent producer
	LeaderEpoch   int32
}

// Header is one header of a record; order and duplicates are kept.
type Header struct {
	Key   string
	Value []byte
}

// Decoder turns batches into records. It keeps what decompression can use again, and is safe for concurrent use.
type Decoder struct{ decompressor kgo.Decompressor }

// NewDecoder returns a Decoder for all codecs of Kafka: none, gzip, snappy, lz4 and zstd.
func NewDecoder() *Decoder { return &Decoder{decompressor: kgo.DefaultDecompressor()} }

// Records returns the records of the batch. It is strict: as many as the header counts, each within the batch's offsets, in
// order, and no byte left.
func (d *Decoder) Records(batch Batch) ([]Record, error) {
	payload, err := d.decompressor.Decompress(batch.Payload, kgo.CompressionCodecType(batch.Codec()))
	if err != nil {
		return nil, fmt.Errorf("batch at offset %d: decompress: %w", batch.BaseOffset, err)
	}
	if int64(batch.Count) > int64(len(payload)) { // a record has one byte at least: do not trust a count with our memory
		return nil, fmt.Errorf("batch at offset %d: %d records in %d bytes", batch.BaseOffset, batch.Count, len(payload))
	}
	records := make([]Record, batch.Count)
	in := kbin.Reader{Src: payload}
	var headers []Header // one array for the headers of all records
	for i := range records {
		if headers, err = parseRecord(&in, batch, &records[i], headers); err == nil && i > 0 && records[i].Offset <= records[i-1].Offset {
			err = fmt.Errorf("offset %d follows %d", records[i].Offset, records[i-1].Offset)
		}
		if err != nil {
			return nil, fmt.Errorf("batch at offset %d: record %d of %d: %w", batch.BaseOffset, i+1, batch.Count, err)
		}
	}
	if len(in.Src) > 0 {
		return nil, fmt.Errorf("batch at offset %d: %d bytes follow its %d records", batch.BaseOffset, len(in.Src), batch.Count)
	}
	return records, nil
}

// Records returns the records of the batch; see [Decoder.Records], which is the faster way for many batches.
func Records(batch Batch) ([]Record, error) { return NewDecoder().Records(batch) }

func parseRecord(in *kbin.Reader, batch Batch, r *Record, headers []Header) ([]Header, error) {
	length := in.Varint()
	if length < 0 {
		return headers, fmt.Errorf("length %d", length)
	}
	b := kbin.Reader{Src: in.Span(int(length))}
	if err := in.Complete(); err != nil {
		return headers, err
	}
	b.Int8() // attributes of the record: none are defined
	timestampDelta, offsetDelta := b.Varlong(), b.Varint()
	r.Key, r.Value = b.VarintBytes(), b.VarintBytes()
	count := b.VarintArrayLen()
	if count < 0 {
		return headers, fmt.Errorf("%d headers", count)
	}
	first := len(headers)
	for range count {
		headers = append(headers, Header{Key: b.UnsafeVarintString(), Value: b.VarintBytes()})
	}
	if err := b.Complete(); err != nil {
		return headers, err
	}
	if len(b.Src) > 0 {
		return headers, errors.New("bytes follow its last header")
	}
	if offsetDelta < 0 || offsetDelta > batch.LastOffsetDelta {
		return headers, fmt.Errorf("offset delta %d in a batch that ends at %d", offsetDelta, batch.LastOffsetDelta)
	}
	if count > 0 {
		r.Headers = headers[first:len(headers):len(headers)]
	}
	r.fill(batch, offsetDelta, timestampDelta)
	return headers, nil
}

func (r *Record) fill(batch Batch, offsetDelta int32, timestampDelta int64) {
	r.Offset = batch.BaseOffset + int64(offsetDelta)
	r.Timestamp = time.UnixMilli(batch.FirstTimestamp + timestampDelta)
	if batch.LogAppendTime() {
		r.Timestamp = time.UnixMilli(batch.MaxTimestamp)
	}
	r.Control, r.Transactional = batch.Control(), batch.Transactional()
	r.ProducerID, r.ProducerEpoch, r.LeaderEpoch = batch.ProducerID, batch.ProducerEpoch, batch.LeaderEpoch
	r.Sequence = -1
	if batch.ProducerID >= 0 && batch.BaseSequence >= 0 {
		r.Sequence = int32((int64(batch.BaseSequence) + int64(offsetDelta)) & 0x7fffffff) // wraps to 0 after the greatest int32
	}
}
