package storm_test

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/wire"
	"k6suite/extension/kafka/storm"
)

// server answers ApiVersions, as long as it is not told otherwise.
type server struct {
	listener net.Listener
	limit    atomic.Int64 // connections at one time; more are closed at once
	deaf     atomic.Bool  // it reads and says nothing
	babble   atomic.Bool  // it answers with what is no answer
	open     atomic.Int64
	accepted atomic.Int64
	again    atomic.Int64 // connections that have asked a second time: whose client knows that they are open
	work     sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

func serve(t testing.TB) *server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &server{listener: listener, conns: map[net.Conn]struct{}{}}
	s.limit.Store(1 << 40)
	s.work.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.accepted.Add(1)
			if s.open.Load() >= s.limit.Load() {
				_ = conn.Close()
				continue
			}
			s.open.Add(1)
			s.mu.Lock()
			s.conns[conn] = struct{}{}
			s.mu.Unlock()
			s.work.Go(func() { s.answer(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		s.drop(1 << 30)
		s.work.Wait()
	})
	return s
}

func (s *server) answer(conn net.Conn) {
	defer func() {
		_ = conn.Close()
		s.open.Add(-1)
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
	}()
	for asked := 1; ; asked++ {
		frame, err := wire.ReadFrame(conn)
		if err != nil {
			return
		}
		request, err := wire.ParseRequest(frame)
		if err != nil || request.Key != kmsg.ApiVersions {
			return
		}
		if asked == 2 {
			s.again.Add(1)
		}
		if s.deaf.Load() {
			continue
		}
		answer := wire.EncodeResponse(kmsg.NewPtrApiVersionsResponse(), request.Correlation)
		if s.babble.Load() {
			answer = []byte{0, 0, 0, 6, 9, 9, 9, 9, 0, 0}
		}
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}

// drop closes so many connections.
func (s *server) drop(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		if n--; n < 0 {
			return
		}
		_ = conn.Close()
		delete(s.conns, conn)
	}
}

func (s *server) plan(stages ...int) storm.Plan {
	return storm.Plan{Addresses: []string{s.listener.Addr().String()}, Stages: stages, Over: time.Minute, Seed: 1}
}
