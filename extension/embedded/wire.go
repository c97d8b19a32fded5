package embedded

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	sizeBytes     = 4
	maxFrameBytes = 256 << 20 // Kafka's socket.request.max.bytes is 100 MiB by default
)

// request is one request as it came from the wire, its header taken apart. The body is decoded only where somebody needs it.
type request struct {
	frame       []byte // the size included
	body        []byte
	key         kmsg.Key
	version     int16
	correlation int32
	clientID    string
}

// readFrame reads one length-prefixed frame, the length included.
func readFrame(in io.Reader) ([]byte, error) {
	var size [sizeBytes]byte
	if _, err := io.ReadFull(in, size[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > maxFrameBytes {
		return nil, fmt.Errorf("frame of %d bytes: at most %d are read", n, maxFrameBytes)
	}
	frame := make([]byte, sizeBytes+int(n))
	copy(frame, size[:])
	if _, err := io.ReadFull(in, frame[sizeBytes:]); err != nil {
		return nil, err
	}
	return frame, nil
}

// parseRequest takes the header of a request apart (request header versions 1 and 2).
func parseRequest(frame []byte) (request, error) {
	in := kbin.Reader{Src: frame[sizeBytes:]}
	r := request{frame: frame, key: kmsg.Key(in.Int16()), version: in.Int16(), correlation: in.Int32()}
	if id := in.NullableString(); id != nil {
		r.clientID = *id
	}
	message := kmsg.RequestForKey(int16(r.key))
	if message == nil {
		return r, fmt.Errorf("request with key %d: no such API", r.key)
	}
	message.SetVersion(r.version)
	if message.IsFlexible() {
		kmsg.SkipTags(&in)
	}
	if err := in.Complete(); err != nil {
		return r, fmt.Errorf("request header: %w", err)
	}
	r.body = in.Src
	return r, nil
}

// decode reads the body into message, which must be of the request's key. Byte fields are parts of the frame, not copies.
func (r *request) decode(message kmsg.Request) error {
	message.SetVersion(r.version)
	if err := message.ReadFrom(r.body); err != nil {
		return fmt.Errorf("%s request version %d: %w", r.key.Name(), r.version, err)
	}
	return nil
}

// encodeRequest returns the frame of a request.
func encodeRequest(message kmsg.Request, correlation int32, clientID string) []byte {
	return kmsg.NewRequestFormatter(kmsg.FormatterClientID(clientID)).AppendRequest(nil, message, correlation)
}

// encodeResponse returns the frame of a response (response header version 1 where the API is flexible, else 0).
func encodeResponse(message kmsg.Response, correlation int32) []byte {
	frame := make([]byte, sizeBytes, 128)
	frame = binary.BigEndian.AppendUint32(frame, uint32(correlation))
	if message.IsFlexible() && kmsg.Key(message.Key()) != kmsg.ApiVersions {
		frame = append(frame, 0) // no tagged fields
	}
	frame = message.AppendTo(frame)
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-sizeBytes))
	return frame
}

// decodeResponse reads a response frame into message, whose version must be set.
func decodeResponse(frame []byte, message kmsg.Response) error {
	in := kbin.Reader{Src: frame[sizeBytes:]}
	in.Int32() // correlation
	if message.IsFlexible() && kmsg.Key(message.Key()) != kmsg.ApiVersions {
		kmsg.SkipTags(&in)
	}
	if err := in.Complete(); err != nil {
		return fmt.Errorf("response header: %w", err)
	}
	if err := message.ReadFrom(in.Src); err != nil {
		return fmt.Errorf("%s response: %w", kmsg.Key(message.Key()).Name(), err)
	}
	return nil
}
