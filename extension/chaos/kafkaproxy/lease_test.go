package kafkaproxy_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos/kafkaproxy"
)

func TestARuleEndsWithItsLease(t *testing.T) {
	t.Parallel()
	p := start(t, kafkaproxy.Options{Brokers: []string{downAddress(t)}})
	do := controlled(t, p)
	spec := `{"action": "disconnect"}`
	var short, long told
	require.Equal(t, http.StatusCreated, do(command{method: "POST", path: "/rules?lease=1h", body: spec}, &long))
	require.Equal(t, "1h0m0s", long.Lease)
	require.Equal(t, http.StatusCreated, do(command{method: "POST", path: "/rules?lease=20ms", body: spec}, &short))
	require.Eventually(t, func() bool {
		return do(command{method: "GET", path: "/rules/2"}, &short) == http.StatusOK && !short.Active
	}, deadline, pace)
	require.Equal(t, http.StatusOK, do(command{method: "GET", path: "/rules/1"}, &long))
	require.True(t, long.Active)

	var refused told
	require.Equal(t, http.StatusGone, do(command{method: "POST", path: "/rules/2/renew"}, &refused))
	require.Contains(t, refused.Error, "rule 2 has ended")
	require.Equal(t, http.StatusOK, do(command{method: "POST", path: "/rules/1/renew?lease=10ms"}, &long))
	require.Equal(t, "10ms", long.Lease)
	require.Eventually(t, func() bool { return len(p.Faults()) == 0 }, deadline, pace)
}

func TestLeasesAreRefused(t *testing.T) {
	t.Parallel()
	p := start(t, kafkaproxy.Options{Brokers: []string{downAddress(t)}})
	do := controlled(t, p)
	body := `{"action": "disconnect"}`
	for path, said := range map[string]string{
		"/rules?lease=soon": "a duration such as 10s", "/rules?lease=-1s": "a duration such as 10s", "/rules?leese=10s": "there is lease",
	} {
		var answer told
		require.Equal(t, http.StatusBadRequest, do(command{method: "POST", path: path, body: body}, &answer), path)
		require.Contains(t, answer.Error, said)
	}
	require.Empty(t, p.AllFaults())
	var answer told
	require.Equal(t, http.StatusNotFound, do(command{method: "POST", path: "/rules/1/renew"}, &answer))
	require.Equal(t, http.StatusCreated, do(command{method: "POST", path: "/rules", body: body}, &answer))
	require.Empty(t, answer.Lease)
	require.Equal(t, http.StatusBadRequest, do(command{method: "POST", path: "/rules/1/renew"}, &answer))
	require.Contains(t, answer.Error, "has no lease")
}
