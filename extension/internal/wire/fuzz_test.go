package wire_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/wire"
)

// FuzzRequest has any bytes decoded as a request. What can be decoded must come out again the same.
func FuzzRequest(f *testing.F) {
	for _, key := range keys() {
		m := kmsg.RequestForKey(key)
		m.SetVersion(m.MaxVersion())
		f.Add(wire.EncodeRequest(m, 1, "seed"))
		m.SetVersion(0)
		f.Add(wire.EncodeRequest(m, 1, "seed"))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		frame, err := wire.ReadFrame(bytes.NewReader(in))
		if err != nil {
			return
		}
		r, err := wire.ParseRequest(frame)
		if err != nil {
			require.ErrorIs(t, err, wire.ErrMalformed)
			return
		}
		m := kmsg.RequestForKey(int16(r.Key))
		if r.Version < 0 || r.Version > m.MaxVersion() {
			return
		}
		if err := r.Decode(m); err != nil {
			require.ErrorIs(t, err, wire.ErrMalformed)
			return
		}
		again, err := wire.ParseRequest(wire.EncodeRequest(m, r.Correlation, r.ClientID))
		require.NoError(t, err)
		twin := kmsg.RequestForKey(int16(r.Key))
		require.NoError(t, again.Decode(twin))
		require.Equal(t, m.AppendTo(nil), twin.AppendTo(nil))
	})
}

// FuzzResponse has any bytes decoded as a response. What can be decoded must come out again the same.
func FuzzResponse(f *testing.F) {
	for _, key := range keys() {
		m := kmsg.ResponseForKey(key)
		for _, version := range []int16{0, m.MaxVersion()} {
			m.SetVersion(version)
			f.Add(key, version, wire.EncodeResponse(m, 1))
		}
	}
	f.Fuzz(func(t *testing.T, key, version int16, in []byte) {
		m, twin := kmsg.ResponseForKey(key), kmsg.ResponseForKey(key)
		if m == nil || version < 0 || version > m.MaxVersion() {
			return
		}
		frame, err := wire.ReadFrame(bytes.NewReader(in))
		if err != nil {
			return
		}
		m.SetVersion(version)
		twin.SetVersion(version)
		if err := wire.DecodeResponse(frame, m); err != nil {
			require.ErrorIs(t, err, wire.ErrMalformed)
			return
		}
		require.NoError(t, wire.DecodeResponse(wire.EncodeResponse(m, 1), twin))
		require.Equal(t, m.AppendTo(nil), twin.AppendTo(nil))
	})
}
