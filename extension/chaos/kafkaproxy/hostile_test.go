package kafkaproxy_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/chaos/kafkaproxy"
	"k6suite/extension/internal/wire"
)

// logbook keeps what a proxy logs at level Warn and above.
type logbook struct {
	slog.Handler

	mu    sync.Mutex
	lines []string
}

func newLogbook() *logbook { return &logbook{Handler: slog.DiscardHandler} }

func (l *logbook) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

func (l *logbook) Handle(_ context.Context, r slog.Record) error {
	line := r.Message
	r.Attrs(func(a slog.Attr) bool {
		line += fmt.Sprintf(" %s=%v", a.Key, a.Value)
		return true
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
	return nil
}

// of returns the lines about one client.
func (l *logbook) of(client net.Addr) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var lines []string
	for _, line := range l.lines {
		if strings.Contains(line, client.String()) {
			lines = append(lines, line)
		}
	}
	return lines
}

// requireOne waits for the line about a client, and requires that it says what was wrong, and that there is no other.
func (l *logbook) requireOne(t *testing.T, client net.Addr, parts ...string) {
	t.Helper()
	require.Eventually(t, func() bool { return len(l.of(client)) > 0 }, deadline, time.Millisecond, "no line about %s", client)
	lines := l.of(client)
	require.Len(t, lines, 1)
	for _, part := range parts {
		require.Contains(t, lines[0], part)
	}
}

// dialRaw connects to the proxy without a Kafka client.
func dialRaw(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(testContext(t), "tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(deadline)))
	return conn
}

// requireEnd requires that the other side ends the connection without a further byte.
func requireEnd(t *testing.T, conn net.Conn) {
	t.Helper()
	n, err := conn.Read(make([]byte, 1))
	require.Zero(t, n, "the proxy answered")
	require.Error(t, err)
	require.False(t, errors.Is(err, context.DeadlineExceeded) || isTimeout(err), "the connection lives on: %v", err)
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// ask sends a request over a raw connection and reads the answer.
func ask(t testing.TB, conn net.Conn, request kmsg.Request) kmsg.Response {
	t.Helper()
	const correlation = 77
	_, err := conn.Write(wire.EncodeRequest(request, correlation, "raw"))
	require.NoError(t, err)
	frame, err := wire.ReadFrame(conn)
	require.NoError(t, err)
	id, err := wire.Correlation(frame)
	require.NoError(t, err)
	require.Equal(t, int32(correlation), id)
	response := request.ResponseKind()
	response.SetVersion(request.GetVersion())
	require.NoError(t, wire.DecodeResponse(frame, response))
	return response
}

func offer() kmsg.Request {
	r := kmsg.NewPtrApiVersionsRequest()
	r.SetVersion(3)
	return r
}

func describe() kmsg.Request {
	r := kmsg.NewPtrMetadataRequest()
	r.SetVersion(12)
	return r
}

// garbage are things that clients send and that are no Kafka requests; each with what the log has to say.
func garbage() map[string]struct {
	sent []byte
	said string
} {
	framed := func(body ...byte) []byte {
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
	}
	known := wire.EncodeRequest(describe(), 1, "raw")
	torn := append(binary.BigEndian.AppendUint32(nil, uint32(len(known)-4-3)), known[4:len(known)-3]...)
	future := append([]byte(nil), known...)
	binary.BigEndian.PutUint16(future[6:], 99)
	return map[string]struct {
		sent []byte
		said string
	}{
		"a frame greater than any":       {[]byte{0x7f, 0xff, 0xff, 0xff, 0, 0}, "at most"},
		"a negative length":              {[]byte{0xff, 0xff, 0xff, 0xff, 0, 0}, "at most"},
		"TLS":                            {[]byte{0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc}, "TLS"},
		"HTTP":                           {[]byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), "at most"},
		"an empty frame":                 {framed(), "header"},
		"half a header":                  {framed(0, 3, 0), "header"},
		"an API that does not exist":     {framed(0x7f, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff), "no such API"},
		"a version that does not exist":  {future, "version 99"},
		"a version below all":            {framed(0, 3, 0xff, 0xff, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0), "version -1"},
		"a client id beyond the frame":   {framed(0, 3, 0, 1, 0, 0, 0, 1, 0x7f, 0xff, 'x'), "header"},
		"more header tags than bytes":    {framed(0, 3, 0, 12, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f), "header"},
		"a body that ends in the middle": {torn, "Metadata request version 12"},
		"an array longer than its frame": {framed(0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff), "Metadata request version 1"},
	}
}

func TestGarbageOfOneClientEndsThatClientsConnection(t *testing.T) {
	t.Parallel()
	for _, single := range modes() {
		cluster := fake(t, kfake.SeedTopics(3, "t"))
		log := newLogbook()
		p := start(t, kafkaproxy.Options{Brokers: cluster.ListenAddrs()[:1], SingleEndpoint: single, Logger: slog.New(log)})
		other := dialRaw(t, p.Addresses()[0])
		ask(t, other, offer())
		cl := client(t, p.Addresses(), kgo.DefaultProduceTopic("t"))
		for name, g := range garbage() {
			conn := dialRaw(t, p.Addresses()[0])
			_, err := conn.Write(g.sent)
			require.NoError(t, err, name)
			requireEnd(t, conn)
			log.requireOne(t, conn.LocalAddr(), g.said)
			ask(t, other, describe())
			require.NoError(t, cl.ProduceSync(testContext(t), kgo.StringRecord(name)).FirstErr())
		}
		require.Empty(t, log.of(other.LocalAddr()))
	}
}

func TestGarbageAfterRequestsEndsTheConnection(t *testing.T) {
	t.Parallel()
	cluster := fake(t)
	log := newLogbook()
	p := start(t, kafkaproxy.Options{Brokers: cluster.ListenAddrs()[:1], Logger: slog.New(log)})
	conn := dialRaw(t, p.Addresses()[0])
	ask(t, conn, offer())
	ask(t, conn, describe())
	_, err := conn.Write(garbage()["an API that does not exist"].sent)
	require.NoError(t, err)
	requireEnd(t, conn)
	log.requireOne(t, conn.LocalAddr(), "no such API")
}

func TestHalfARequestAndThenSilenceEndsTheConnection(t *testing.T) {
	t.Parallel()
	for _, single := range modes() {
		cluster := fake(t)
		log := newLogbook()
		p := start(t, kafkaproxy.Options{
			Brokers: cluster.ListenAddrs()[:1], SingleEndpoint: single, Logger: slog.New(log), FrameTimeout: 50 * time.Millisecond,
		})
		idle, asked := dialRaw(t, p.Addresses()[0]), dialRaw(t, p.Addresses()[0])
		ask(t, asked, describe())
		whole := wire.EncodeRequest(describe(), 1, "raw")
		for _, n := range []int{1, 3, 4, 9, len(whole) - 1} {
			conn := dialRaw(t, p.Addresses()[0])
			_, err := conn.Write(whole[:n])
			require.NoError(t, err)
			requireEnd(t, conn)
			log.requireOne(t, conn.LocalAddr(), "half a request")
		}
		ask(t, idle, describe()) // was there, and silent, for longer than those
		ask(t, asked, describe())
	}
}

func TestAClientThatGoesInTheMiddleOfARequestIsNoFault(t *testing.T) {
	t.Parallel()
	cluster := fake(t)
	log := newLogbook()
	p := start(t, kafkaproxy.Options{Brokers: cluster.ListenAddrs()[:1], Logger: slog.New(log)})
	conn := dialRaw(t, p.Addresses()[0])
	ask(t, conn, describe())
	_, err := conn.Write([]byte{0, 0, 1, 0, 0})
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.NoError(t, p.Close())
	require.Empty(t, log.of(conn.LocalAddr()))
}

// puppet is a broker that does what a test wants. It returns its address.
func puppet(t *testing.T, serve func(conn net.Conn)) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var (
		work  sync.WaitGroup
		mu    sync.Mutex
		conns []net.Conn
	)
	work.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			work.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		mu.Lock()
		for _, conn := range conns {
			_ = conn.Close()
		}
		mu.Unlock()
		work.Wait()
	})
	return listener.Addr().String()
}

// correlationOf reads a request of a puppet's client.
func correlationOf(conn net.Conn) (int32, error) {
	frame, err := wire.ReadFrame(conn)
	if err != nil {
		return 0, err
	}
	r, err := wire.ParseRequest(frame)
	return r.Correlation, err
}

// mischief is what brokers do that no broker should; each with what the log has to say.
func mischief() map[string]struct {
	serve func(conn net.Conn)
	said  string
} {
	answer := func(change func(correlation int32) []byte) func(net.Conn) {
		return func(conn net.Conn) {
			if id, err := correlationOf(conn); err == nil {
				_, _ = conn.Write(change(id))
				_, _ = io.Copy(io.Discard, conn)
			}
		}
	}
	header := func(id int32, n uint32) []byte {
		return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, n), uint32(id))
	}
	return map[string]struct {
		serve func(conn net.Conn)
		said  string
	}{
		"answers another request":    {answer(func(id int32) []byte { return append(header(id+1, 5), 0) }), "request 77 with response 78"},
		"answers without a header":   {answer(func(int32) []byte { return []byte{0, 0, 0, 2, 0, 0} }), "has no header"},
		"sends a length only":        {answer(func(int32) []byte { return []byte{0x7f, 0xff, 0xff, 0xff} }), "at most"},
		"sends garbage in a frame":   {answer(func(id int32) []byte { return append(header(id, 9), 0xff, 0xff, 0xff, 0xff, 0xff) }), "malformed"},
		"sends an empty body":        {answer(func(id int32) []byte { return header(id, 4) }), "malformed"},
		"sends more tags than bytes": {answer(func(id int32) []byte { return append(header(id, 9), 0xff, 0xff, 0xff, 0xff, 0x0f) }), "malformed"},
		"speaks HTTP":                {answer(func(int32) []byte { return []byte("HTTP/1.1 400 Bad Request\r\n\r\n") }), "at most"},
	}
}

func TestGarbageOfABrokerEndsTheConnectionsToIt(t *testing.T) {
	t.Parallel()
	for name, m := range mischief() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			healthy, broken := fake(t).ListenAddrs()[0], puppet(t, m.serve)
			log := newLogbook()
			p := start(t, kafkaproxy.Options{Brokers: []string{healthy, broken}, Logger: slog.New(log)})
			other := dialRaw(t, p.Addresses()[0])
			ask(t, other, describe())
			conn := dialRaw(t, p.Addresses()[1])
			_, err := conn.Write(wire.EncodeRequest(describe(), 77, "raw"))
			require.NoError(t, err)
			requireEnd(t, conn)
			log.requireOne(t, conn.LocalAddr(), m.said, broken)
			ask(t, other, describe())
		})
	}
}

func TestAResponseThatNobodyAskedForEndsTheConnection(t *testing.T) {
	t.Parallel()
	speak := make(chan struct{})
	broken := puppet(t, func(conn net.Conn) {
		id, err := correlationOf(conn)
		if err != nil {
			return
		}
		versions := kmsg.NewPtrApiVersionsResponse()
		versions.SetVersion(3)
		_, _ = conn.Write(wire.EncodeResponse(versions, id))
		<-speak
		_, _ = conn.Write(wire.EncodeResponse(versions, id))
		_, _ = io.Copy(io.Discard, conn)
	})
	log := newLogbook()
	p := start(t, kafkaproxy.Options{Brokers: []string{broken}, Logger: slog.New(log)})
	conn := dialRaw(t, p.Addresses()[0])
	ask(t, conn, offer())
	close(speak)
	requireEnd(t, conn)
	log.requireOne(t, conn.LocalAddr(), "nobody asked for", broken)
}

func TestABrokerThatGoesTakesItsClientsAlong(t *testing.T) {
	t.Parallel()
	leave := make(chan struct{})
	broker := puppet(t, func(conn net.Conn) {
		id, err := correlationOf(conn)
		if err != nil {
			return
		}
		versions := kmsg.NewPtrApiVersionsResponse()
		versions.SetVersion(3)
		_, _ = conn.Write(wire.EncodeResponse(versions, id))
		<-leave
	})
	log := newLogbook()
	p := start(t, kafkaproxy.Options{Brokers: []string{broker}, Logger: slog.New(log)})
	conn := dialRaw(t, p.Addresses()[0])
	ask(t, conn, offer())
	close(leave)
	requireEnd(t, conn)
	require.NoError(t, p.Close())
	require.Empty(t, log.of(conn.LocalAddr()), "brokers may close connections that are idle")
}

// downAddress returns an address at which nobody listens.
func downAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

func TestABrokerThatIsDownEndsTheConnectionAndIsNamed(t *testing.T) {
	t.Parallel()
	down := downAddress(t)
	log := newLogbook()
	p := start(t, kafkaproxy.Options{Brokers: []string{down}, Logger: slog.New(log)})
	conn := dialRaw(t, p.Addresses()[0])
	_, err := conn.Write(wire.EncodeRequest(offer(), 1, "raw"))
	require.NoError(t, err)
	requireEnd(t, conn)
	log.requireOne(t, conn.LocalAddr(), down, "cannot be reached")
}

func TestCloseDoesNotWaitForABrokerThatDoesNotRead(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	defer close(stop)
	deaf := puppet(t, func(net.Conn) { <-stop })
	p := start(t, kafkaproxy.Options{Brokers: []string{deaf}})
	conn := dialRaw(t, p.Addresses()[0])
	request := kmsg.NewPtrMetadataRequest()
	request.SetVersion(12)
	for i := range 20_000 {
		topic := kmsg.NewMetadataRequestTopic()
		topic.Topic = kmsg.StringPtr("a topic with quite a long name, number " + strconv.Itoa(i))
		request.Topics = append(request.Topics, topic)
	}
	frame := wire.EncodeRequest(request, 1, "raw")
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Second)))
	for {
		if _, err := conn.Write(frame); err != nil { // every buffer on the way is full
			require.True(t, isTimeout(err), "%v", err)
			break
		}
	}
	require.NoError(t, p.Close())
}

// modes are the values of Options.SingleEndpoint.
func modes() []bool { return []bool{false, true} }
