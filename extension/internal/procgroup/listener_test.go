package procgroup_test

import (
	"net"
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/internal/procgroup"
)

func TestListener(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	if runtime.GOOS == "linux" {
		require.Contains(t, procgroup.Listener(address), "process "+strconv.Itoa(os.Getpid())+" (")
	} else {
		require.Equal(t, "another process", procgroup.Listener(address))
	}
	require.NoError(t, listener.Close())
	require.Equal(t, "another process", procgroup.Listener(address), "nobody")
	require.Equal(t, "another process", procgroup.Listener("no address"))
}
