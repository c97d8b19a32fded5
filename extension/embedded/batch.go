package embedded

import (
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"k6suite/extension/internal/recordbatch"
)

const lastCodec = 4 // zstd

// batch is one record batch of version 2 as a producer sent it, valid: see parseBatch.
type batch = recordbatch.Batch

func nowMillis() int64 { return time.Now().UnixMilli() }

// refusal is why a batch may not be stored, as the producer is told.
type refusal struct {
	err     *kerr.Error
	message string
}

func refuse(err *kerr.Error, message string) *refusal { return &refusal{err: err, message: message} }

// parseBatch checks all that kfake and Apache Kafka check of a batch before they append it: what passes here must not be
// refused later, when it is in the bucket already.
func parseBatch(raw []byte, maxBytes int) (batch, *refusal) {
	if len(raw) > maxBytes {
		return nil, refuse(kerr.MessageTooLarge, "the batch is larger than max.message.bytes allows")
	}
	if len(raw) < recordbatch.HeaderBytes {
		return nil, refuse(kerr.CorruptMessage, "the batch is shorter than its header")
	}
	b := batch(raw)
	switch {
	case b.Magic() != 2:
		return nil, refuse(kerr.UnsupportedForMessageFormat, "only record batches of version 2 are stored")
	case !b.Whole():
		return nil, refuse(kerr.CorruptMessage, "the length is not that of one batch")
	case !b.Intact():
		return nil, refuse(kerr.CorruptMessage, "the checksum is wrong")
	case b.BaseOffset() != 0:
		return nil, refuse(kerr.CorruptMessage, "the base offset of a new batch is 0")
	case b.Control():
		return nil, refuse(kerr.InvalidRecord, "clients may not send control batches")
	case b.Codec() > lastCodec:
		return nil, refuse(kerr.CorruptMessage, "the compression codec does not exist")
	case b.Count() < 1 || b.LastOffsetDelta() != b.Count()-1:
		return nil, refuse(kerr.InvalidRecord, "the count of records and the last offset delta disagree")
	case b.Transactional() && b.ProducerID() < 0:
		return nil, refuse(kerr.InvalidProducerIDMapping, "a transactional batch needs a producer id")
	}
	return b, nil
}
