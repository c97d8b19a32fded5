package embedded_test

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/embedded"
	"k6suite/extension/internal/wire"
)

// connectionEffects look for what lies do about connections that are only opened.
var connectionEffects = map[string]func(t *testing.T, c *embedded.Cluster) bool{
	"connection-limit": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		opened, closeAll := hold(t, c, 300)
		closeAll()
		return opened < 300
	},
	"connection-leak": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		before := openConnections(t, c)
		opened, closeAll := hold(t, c, 60)
		require.Equal(t, 60, opened)
		closeAll()
		end := time.Now().Add(2 * time.Second)
		for openConnections(t, c) > before && time.Now().Before(end) {
			time.Sleep(10 * time.Millisecond)
		}
		return openConnections(t, c) > before
	},
}

// hold opens connections, and counts those that are answered.
func hold(t *testing.T, c *embedded.Cluster, n int) (answered int, closeAll func()) {
	t.Helper()
	var conns []net.Conn
	hello := wire.EncodeRequest(kmsg.NewPtrApiVersionsRequest(), 1, "test")
	for range n {
		conn, err := net.Dial("tcp", c.Bootstrap()[0])
		if err != nil {
			continue // it was turned away before the client got to know that it had been let in
		}
		conns = append(conns, conn)
		if _, err := conn.Write(hello); err != nil {
			continue
		}
		if _, err := wire.ReadFrame(conn); err == nil {
			answered++
		}
	}
	return answered, func() {
		for _, conn := range conns {
			_ = conn.Close()
		}
	}
}

// openConnections asks the metrics endpoint.
func openConnections(t *testing.T, c *embedded.Cluster) int {
	t.Helper()
	answer, err := http.Get(c.MetricsURL())
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(body), "\nk6suite_embedded_connections ")
	require.True(t, found)
	line, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.Atoi(line)
	require.NoError(t, err)
	return n
}

// Ten thousand connections that only say hello must not cost as many to brokers, whatever has become of these meanwhile.
func TestConnectionsThatOnlySayHelloNeedNoneToBrokers(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{SingleEndpoint: true})
	createTopic(t, c, "t", 1, nil)
	first, closeFirst := hold(t, c, 1) // brokers are asked once
	defer closeFirst()
	require.Equal(t, 1, first)
	require.Eventually(t, func() bool {
		_, closeAll := hold(t, c, 1)
		defer closeAll()
		before := openConnections(t, c)
		opened, closeThese := hold(t, c, 50)
		defer closeThese()
		return opened == 50 && openConnections(t, c)-before < 60
	}, time.Minute, 10*time.Millisecond)
	require.NoError(t, c.Restart(testContext(t)))
	opened, closeAll := hold(t, c, 50)
	defer closeAll()
	require.Equal(t, 50, opened, "also after their death")
}
