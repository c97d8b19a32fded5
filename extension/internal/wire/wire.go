// Package wire takes the frames of the Kafka protocol apart and puts them together again. The messages themselves are kmsg's.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	sizeBytes = 4
	// MaxFrameBytes is the greatest frame that is read: a client's request, or a broker's response. Kafka's
	// socket.request.max.bytes is 100 MiB by default.
	MaxFrameBytes = 256 << 20
	// firstBytes is how much room a frame gets before its bytes are there, and growth how many times as much as there is it gets
	// then: a length alone must not cost memory, nor a frame many copies.
	firstBytes = 1 << 20
	growth     = 8
)

// ErrMalformed is the cause of every error about bytes that are not the Kafka protocol.
var ErrMalformed = errors.New("malformed")

// Request is one request as it came from the wire, its header taken apart. The body is decoded only where somebody needs it.
type Request struct {
	Frame       []byte // the size included
	Body        []byte // part of the frame
	Key         kmsg.Key
	Version     int16
	Correlation int32
	ClientID    string
}

// ReadFrame reads one length-prefixed frame, the length included. io.EOF is the end between two frames.
func ReadFrame(in io.Reader) ([]byte, error) { return (&FrameReader{In: in}).Next() }

// FrameReader reads the frames that one side sends.
type FrameReader struct {
	In io.Reader
	// Room returns a slice with room for a frame of so many bytes, or nil. Where the other side has not sent one as great yet, it must
	// not cost memory. Default: there is none.
	Room func(bytes int, seen bool) []byte

	greatest int64 // a frame as great as one before gets its room at once
}

// Next reads one length-prefixed frame, the length included. io.EOF is the end between two frames.
func (r *FrameReader) Next() ([]byte, error) {
	var size [sizeBytes]byte
	if _, err := io.ReadFull(r.In, size[:]); err != nil {
		return nil, err
	}
	n := int64(binary.BigEndian.Uint32(size[:]))
	if n > MaxFrameBytes {
		return nil, fmt.Errorf("%w: frame of %d bytes: at most %d are read%s", ErrMalformed, n, MaxFrameBytes, hint(size))
	}
	frame := r.room(n)
	copy(frame, size[:])
	for have := int64(0); ; {
		if _, err := io.ReadFull(r.In, frame[sizeBytes+have:]); err != nil {
			return nil, fmt.Errorf("frame of %d bytes: %w", n, noEOF(err))
		}
		if have = int64(len(frame)) - sizeBytes; have == n {
			r.greatest = max(r.greatest, n)
			return frame, nil
		}
		more := make([]byte, sizeBytes+min(n, growth*have))
		copy(more, frame)
		frame = more
	}
}

// room returns room for a frame, or for its beginning.
func (r *FrameReader) room(n int64) []byte {
	if r.Room != nil {
		if room := r.Room(sizeBytes+int(n), n <= r.greatest); room != nil {
			return room[:sizeBytes+n]
		}
	}
	return make([]byte, sizeBytes+min(n, max(firstBytes, r.greatest)))
}

// hint says what else the other side may speak.
func hint(size [sizeBytes]byte) string {
	if size[0] == 0x16 && size[1] == 0x03 { // a handshake record of TLS, any version
		return " (this looks like TLS)"
	}
	return ""
}

// noEOF tells an end in the middle of a frame from one between two.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// ParseRequest takes the header of a request apart (request header versions 1 and 2).
func ParseRequest(frame []byte) (Request, error) {
	in := kbin.Reader{Src: frame[sizeBytes:]}
	r := Request{Frame: frame, Key: kmsg.Key(in.Int16()), Version: in.Int16(), Correlation: in.Int32()}
	if r.Key == kmsg.ControlledShutdown && r.Version == 0 {
		return r, fmt.Errorf("%w: %s request version 0: its header has no client id, and no client sends it", ErrMalformed, r.Key.Name())
	}
	if id := in.NullableString(); id != nil {
		r.ClientID = *id
	}
	message := kmsg.RequestForKey(int16(r.Key))
	if message == nil {
		return r, fmt.Errorf("%w: request with key %d: no such API", ErrMalformed, r.Key)
	}
	message.SetVersion(r.Version)
	if message.IsFlexible() {
		skipTags(&in)
	}
	if err := in.Complete(); err != nil {
		return r, fmt.Errorf("%w: request header: %w", ErrMalformed, err)
	}
	r.Body = in.Src
	return r, nil
}

// skipTags skips the tagged fields of a header. kmsg's own function believes a number of tags that cannot be there, and counts to
// four billion.
func skipTags(in *kbin.Reader) {
	for n := in.Uvarint(); n > 0 && in.Ok(); n-- {
		in.Uvarint()
		in.Span(int(in.Uvarint()))
	}
}

// Decode reads the body into message, which must be of the request's key. Byte fields are parts of the frame, not copies.
func (r *Request) Decode(message kmsg.Request) error {
	message.SetVersion(r.Version)
	err := checkNumbers(int16(r.Key), r.Version, true, r.Body)
	if err == nil {
		err = message.ReadFrom(r.Body)
	}
	if err != nil {
		return fmt.Errorf("%w: %s request version %d: %w", ErrMalformed, r.Key.Name(), r.Version, err)
	}
	return nil
}

// EncodeRequest returns the frame of a request.
func EncodeRequest(message kmsg.Request, correlation int32, clientID string) []byte {
	frame := make([]byte, 0, headerRoom+room(message))
	return kmsg.NewRequestFormatter(kmsg.FormatterClientID(clientID)).AppendRequest(frame, message, correlation)
}

// headerRoom is about what a frame takes beside what room counts.
const headerRoom = 128

// room is about how many bytes a message that moves records takes: growing towards it would copy them several times.
func room(message any) int {
	const partition = 128 // beside its records
	n := 0
	switch m := message.(type) {
	case *kmsg.ProduceRequest:
		for i := range m.Topics {
			for j := range m.Topics[i].Partitions {
				n += partition + len(m.Topics[i].Partitions[j].Records)
			}
		}
	case *kmsg.FetchResponse:
		for i := range m.Topics {
			for j := range m.Topics[i].Partitions {
				n += partition + len(m.Topics[i].Partitions[j].RecordBatches)
			}
		}
	}
	return n
}

// EncodeResponse returns the frame of a response (response header version 1 where the API is flexible, else 0).
func EncodeResponse(message kmsg.Response, correlation int32) []byte {
	frame := make([]byte, sizeBytes, headerRoom+room(message))
	frame = binary.BigEndian.AppendUint32(frame, uint32(correlation))
	if message.IsFlexible() && kmsg.Key(message.Key()) != kmsg.ApiVersions {
		frame = append(frame, 0) // no tagged fields
	}
	frame = message.AppendTo(frame)
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-sizeBytes))
	return frame
}

// Correlation returns the correlation id of a response frame.
func Correlation(frame []byte) (int32, error) {
	if len(frame) < 2*sizeBytes {
		return 0, fmt.Errorf("%w: response of %d bytes has no header", ErrMalformed, len(frame)-sizeBytes)
	}
	return int32(binary.BigEndian.Uint32(frame[sizeBytes:])), nil
}

// DecodeResponse reads a response frame into message, whose version must be set. Byte fields are parts of the frame.
func DecodeResponse(frame []byte, message kmsg.Response) error {
	in := kbin.Reader{Src: frame[sizeBytes:]}
	in.Int32() // correlation
	if message.IsFlexible() && kmsg.Key(message.Key()) != kmsg.ApiVersions {
		skipTags(&in)
	}
	if err := in.Complete(); err != nil {
		return fmt.Errorf("%w: response header: %w", ErrMalformed, err)
	}
	err := checkNumbers(message.Key(), message.GetVersion(), false, in.Src)
	if err == nil {
		err = message.ReadFrom(in.Src)
	}
	if err != nil {
		return fmt.Errorf("%w: %s response version %d: %w", ErrMalformed, kmsg.Key(message.Key()).Name(), message.GetVersion(), err)
	}
	return nil
}
