package embedded

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/recordbatch"
)

// markerType returns what a control batch says; what cannot be read is an abort, as in kfake.
func markerType(b batch) kmsg.ControlRecordKeyType {
	var record kmsg.Record
	var key kmsg.ControlRecordKey
	if record.ReadFrom(b[recordbatch.HeaderBytes:]) != nil || key.ReadFrom(record.Key) != nil {
		return kmsg.ControlRecordKeyTypeAbort
	}
	return key.Type
}

// newMarker returns the control batch that ends a transaction, with base offset 0.
func newMarker(id int64, epoch int16, kind kmsg.ControlRecordKeyType) batch {
	key, value := kmsg.ControlRecordKey{Type: kind}, kmsg.EndTxnMarker{}
	record := kmsg.Record{Key: key.AppendTo(nil), Value: value.AppendTo(nil)}
	record.Length = int32(len(record.AppendTo(nil)) - 1) // a length below 64 takes one byte
	now := nowMillis()
	out := batch((&kmsg.RecordBatch{
		PartitionLeaderEpoch: -1, Magic: 2, Attributes: recordbatch.ControlBit | recordbatch.TransactionalBit,
		FirstTimestamp: now, MaxTimestamp: now, ProducerID: id, ProducerEpoch: epoch, FirstSequence: -1,
		NumRecords: 1, Records: record.AppendTo(nil),
	}).AppendTo(nil))
	out.Seal()
	return out
}
