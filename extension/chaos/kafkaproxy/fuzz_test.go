package kafkaproxy_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/chaos/kafkaproxy"
	"k6suite/extension/internal/wire"
)

// FuzzSession has a client send any bytes to a proxy whose broker answers each request with any body. Whatever the two say, the
// connection ends when the client has said everything, and the next one is served.
func FuzzSession(f *testing.F) {
	for key := range int16(kmsg.MaxKey + 1) {
		request := kmsg.RequestForKey(key)
		if request == nil {
			continue
		}
		response := request.ResponseKind()
		for _, version := range []int16{min(1, request.MaxVersion()), request.MaxVersion()} {
			request.SetVersion(version)
			response.SetVersion(version)
			f.Add(wire.EncodeRequest(request, 1, "seed"), wire.EncodeResponse(response, 1)[8:])
		}
	}
	for _, g := range garbage() {
		f.Add(g.sent, []byte{})
	}
	f.Fuzz(func(t *testing.T, sent, body []byte) {
		broker := puppet(t, func(conn net.Conn) { parrot(conn, body) })
		p, err := kafkaproxy.Start(t.Context(), kafkaproxy.Options{Brokers: []string{broker}})
		require.NoError(t, err)
		defer func() { require.NoError(t, p.Close()) }()
		for range 2 { // a session leaves something behind: addresses, names
			conn := dialFuzz(t, p.Addresses()[0])
			_, _ = conn.Write(sent) // it may end before it has read everything
			_ = conn.CloseWrite()
			_, err = io.Copy(io.Discard, conn)
			require.False(t, isTimeout(err), "the connection lives on")
			require.NoError(t, conn.Close())
		}
	})
}

// parrot answers each request with the same body.
func parrot(conn net.Conn, body []byte) {
	for {
		id, err := correlationOf(conn)
		if err != nil {
			return
		}
		frame := binary.BigEndian.AppendUint32(nil, uint32(4+len(body)))
		frame = binary.BigEndian.AppendUint32(frame, uint32(id))
		if _, err := conn.Write(append(frame, body...)); err != nil {
			return
		}
	}
}

func dialFuzz(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	require.NoError(t, err)
	require.NoError(t, conn.SetDeadline(time.Now().Add(deadline)))
	return conn.(*net.TCPConn)
}
