package wire

import (
	"encoding/binary"
	"net"
	"slices"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// GatherProduce returns the frame of a request in pieces, for one write: record batches are parts of the message, not copies.
func GatherProduce(message *kmsg.ProduceRequest, correlation int32, clientID string) net.Buffers {
	bare := *message
	var batches [][]byte
	bare.Topics = slices.Clone(message.Topics)
	for i := range bare.Topics {
		topic := &bare.Topics[i]
		topic.Partitions = slices.Clone(topic.Partitions)
		for j := range topic.Partitions {
			batches = append(batches, topic.Partitions[j].Records)
			topic.Partitions[j].Records = nil
		}
	}
	frame := EncodeRequest(&bare, correlation, clientID)
	body := len(bare.AppendTo(nil))
	return gather(frame, len(frame)-body, place{int16(kmsg.Produce), true}, message.Version, batches)
}

// GatherFetched returns the frame of a response in pieces, as GatherProduce does.
func GatherFetched(message *kmsg.FetchResponse, correlation int32) net.Buffers {
	bare := *message
	var batches [][]byte
	bare.Topics = slices.Clone(message.Topics)
	for i := range bare.Topics {
		topic := &bare.Topics[i]
		topic.Partitions = slices.Clone(topic.Partitions)
		for j := range topic.Partitions {
			batches = append(batches, topic.Partitions[j].RecordBatches)
			topic.Partitions[j].RecordBatches = nil
		}
	}
	frame := EncodeResponse(&bare, correlation)
	body := len(bare.AppendTo(nil))
	return gather(frame, len(frame)-body, place{int16(kmsg.Fetch), false}, message.Version, batches)
}

// gather puts byte fields into a frame in which they are null, in their order.
func gather(frame []byte, body int, of place, version int16, fields [][]byte) net.Buffers {
	const longest = 5 // a length
	l := layouts()[of]
	w := walk{in: kbin.Reader{Src: frame[body:]}, version: version, flexible: l.flexible >= 0 && version >= l.flexible}
	pieces := make(net.Buffers, 0, 2*len(fields)+1)
	text := make([]byte, 0, len(frame)+longest*len(fields)) // never grows: pieces are parts of it
	from, begun, size := 0, 0, 0
	w.null = func(left, width int) {
		end := len(frame) - left
		text = append(text, frame[from:end-width]...)
		from = end
		field := fields[0]
		fields = fields[1:]
		switch {
		case field == nil:
			text = append(text, frame[end-width:end]...)
			return
		case w.flexible:
			text = kbin.AppendUvarint(text, uint32(len(field))+1)
		default:
			text = kbin.AppendInt32(text, int32(len(field)))
		}
		pieces = append(pieces, text[begun:], field)
		begun, size = len(text), size+len(field)
	}
	_ = w.over(l.shape) // we have written it ourselves
	text = append(text, frame[from:]...)
	pieces = append(pieces, text[begun:])
	binary.BigEndian.PutUint32(text, uint32(len(text)+size-sizeBytes))
	return pieces
}
