package wire_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/wire"
)

// keys are those of the APIs that kmsg knows.
func keys() []int16 {
	var all []int16
	for key := range int16(kmsg.MaxKey + 1) {
		if kmsg.RequestForKey(key) != nil {
			all = append(all, key)
		}
	}
	return all
}

func TestRequestsOfEveryVersionComeThrough(t *testing.T) {
	t.Parallel()
	for _, key := range keys() {
		sent := kmsg.RequestForKey(key)
		for version := range sent.MaxVersion() + 1 {
			if kmsg.Key(key) == kmsg.ControlledShutdown && version == 0 {
				_, err := wire.ParseRequest([]byte{0, 0, 0, 8, 0, 7, 0, 0, 0, 0, 0, 1})
				require.ErrorIs(t, err, wire.ErrMalformed)
				continue
			}
			got := kmsg.RequestForKey(key)
			sent.SetVersion(version)
			frame := wire.EncodeRequest(sent, 7, "me")
			read, err := wire.ReadFrame(bytes.NewReader(frame))
			require.NoError(t, err)
			require.Equal(t, frame, read)
			r, err := wire.ParseRequest(read)
			require.NoError(t, err, "%s %d", kmsg.NameForKey(key), version)
			require.Equal(t, kmsg.Key(key), r.Key)
			require.Equal(t, version, r.Version)
			require.Equal(t, int32(7), r.Correlation)
			require.Equal(t, "me", r.ClientID)
			require.NoError(t, r.Decode(got), "%s %d", kmsg.NameForKey(key), version)
			require.Equal(t, frame, wire.EncodeRequest(got, 7, "me"))
		}
	}
}

func TestResponsesOfEveryVersionComeThrough(t *testing.T) {
	t.Parallel()
	for _, key := range keys() {
		sent := kmsg.ResponseForKey(key)
		for version := range sent.MaxVersion() + 1 {
			got := kmsg.ResponseForKey(key)
			sent.SetVersion(version)
			got.SetVersion(version)
			frame := wire.EncodeResponse(sent, 7)
			id, err := wire.Correlation(frame)
			require.NoError(t, err)
			require.Equal(t, int32(7), id)
			require.NoError(t, wire.DecodeResponse(frame, got), "%s %d", kmsg.NameForKey(key), version)
			require.Equal(t, frame, wire.EncodeResponse(got, 7))
		}
	}
}

// greedy notes how much room its reader had for bytes that are not there.
type greedy struct {
	io.Reader

	most int
}

func (g *greedy) Read(p []byte) (int, error) {
	g.most = max(g.most, len(p))
	return g.Reader.Read(p)
}

func TestALengthAloneCostsNoMemory(t *testing.T) {
	t.Parallel()
	in := &greedy{Reader: bytes.NewReader(binary.BigEndian.AppendUint32(nil, wire.MaxFrameBytes))}
	_, err := wire.ReadFrame(in)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.LessOrEqual(t, in.most, 1<<20)
}

func TestGreatFramesAreReadWhole(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 1 << 20, 1<<20 + 1, 5 << 20} {
		frame := append(binary.BigEndian.AppendUint32(nil, uint32(n)), bytes.Repeat([]byte{7}, n)...)
		got, err := wire.ReadFrame(bytes.NewReader(append(frame, 8)))
		require.NoError(t, err)
		require.True(t, bytes.Equal(frame, got))
		_, err = wire.ReadFrame(bytes.NewReader(frame[:len(frame)-1]))
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	}
	_, err := wire.ReadFrame(bytes.NewReader(nil))
	require.Equal(t, io.EOF, err)
	_, err = wire.ReadFrame(bytes.NewReader(binary.BigEndian.AppendUint32(nil, wire.MaxFrameBytes+1)))
	require.ErrorIs(t, err, wire.ErrMalformed)
}

func TestHeadersThatEndTooSoonAreMalformed(t *testing.T) {
	t.Parallel()
	request := kmsg.NewPtrMetadataRequest()
	request.SetVersion(12)
	whole := wire.EncodeRequest(request, 1, "client")
	const header = 4 + 2 + 2 + 4 + 2 + len("client") + 1
	for n := 4; n < header; n++ {
		_, err := wire.ParseRequest(whole[:n])
		require.ErrorIs(t, err, wire.ErrMalformed, "%d bytes", n)
	}
	_, err := wire.ParseRequest(whole[:header])
	require.NoError(t, err)
	response := kmsg.NewPtrMetadataResponse()
	response.SetVersion(12)
	for n := 4; n < 9; n++ {
		require.ErrorIs(t, wire.DecodeResponse(make([]byte, n), response), wire.ErrMalformed, "%d bytes", n)
	}
	_, err = wire.Correlation(make([]byte, 7))
	require.ErrorIs(t, err, wire.ErrMalformed)
}

func TestTaggedFieldsOfHeadersAreSkipped(t *testing.T) {
	t.Parallel()
	request := kmsg.NewPtrApiVersionsRequest()
	request.SetVersion(3)
	request.ClientSoftwareName = "some"
	frame := wire.EncodeRequest(request, 1, "c")
	const header = 4 + 2 + 2 + 4 + 2 + 1
	tagged := append(append(append([]byte(nil), frame[:header]...), 2, 0, 1, 'x', 5, 0), frame[header+1:]...)
	r, err := wire.ParseRequest(tagged)
	require.NoError(t, err)
	got := kmsg.NewPtrApiVersionsRequest()
	require.NoError(t, r.Decode(got))
	require.Equal(t, "some", got.ClientSoftwareName)
}

func TestTagsThatCannotBeThereAreMalformed(t *testing.T) {
	t.Parallel()
	request := kmsg.NewPtrMetadataRequest()
	request.SetVersion(12)
	frame := wire.EncodeRequest(request, 1, "c")
	const header = 4 + 2 + 2 + 4 + 2 + 1
	_, err := wire.ParseRequest(append(frame[:header:header], 0xff, 0xff, 0xff, 0xff, 0x0f))
	require.ErrorIs(t, err, wire.ErrMalformed)
	response := kmsg.NewPtrMetadataResponse()
	response.SetVersion(12)
	err = wire.DecodeResponse([]byte{0, 0, 0, 9, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0x0f}, response)
	require.ErrorIs(t, err, wire.ErrMalformed)
}
