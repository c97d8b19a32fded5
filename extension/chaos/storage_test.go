package chaos_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos"
	"k6suite/extension/chaos/s3proxy"
)

// storage gives a controller of a proxy before a store that takes everything, and what puts an object.
func storage(t *testing.T) (c *chaos.Controller, put func(key string) int) {
	t.Helper()
	store := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(store.Close)
	proxy, err := s3proxy.Start(s3proxy.Options{Upstream: store.URL})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, proxy.Close()) })
	c = chaos.New(chaos.Options{Storage: chaos.LocalStorage(proxy)})
	t.Cleanup(c.Close)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return c, func(key string) int {
		request, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodPut, proxy.URL()+"/bucket/"+key, http.NoBody)
		require.NoError(t, err)
		response, err := client.Do(request)
		if err != nil {
			return 0
		}
		require.NoError(t, response.Body.Close())
		return response.StatusCode
	}
}

func TestFaultsOnStorage(t *testing.T) {
	t.Parallel()
	c, put := storage(t)
	listener := &told{}
	c.Listen(listener)
	h, err := c.Inject(t.Context(), []byte(`{"storage": "PutObject", "key": "a*", "action": "error", "code": "SlowDown", "times": 2}`))
	require.NoError(t, err)
	require.Equal(t, chaos.Storage, h.Family())
	require.Equal(t, chaos.RetriableErrors, h.Excuses())
	require.Equal(t, "error", h.Action())
	require.False(t, h.Outage())
	require.Equal(t, []int{503, 200, 503, 200}, []int{put("a1"), put("b"), put("a2"), put("a3")})
	<-h.Done()
	require.Equal(t, int64(2), h.Hits())
	require.Equal(t, []string{"a1", "a2"}, h.Took())
	require.Empty(t, h.Effects())
	require.Empty(t, h.Touched())
	require.Zero(t, h.Records())
	require.Equal(t, []string{"began", "ended"}, listener.all())

	out, err := c.Inject(t.Context(), []byte(`{"storage": "write", "action": "refuse"}`))
	require.NoError(t, err)
	require.True(t, out.Outage())
	require.Zero(t, put("c"))
	c.Heal()
	require.Equal(t, 200, put("c"))
	_, err = c.Inject(t.Context(), []byte(`{"broker": 1, "action": "kill"}`))
	require.EqualError(t, err, "nothing is there that faults on processes could act on")
}
