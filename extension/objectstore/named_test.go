package objectstore_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/objectstore"
)

func TestANameStandsInTheRequests(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var agents []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		agents = append(agents, r.UserAgent())
	}))
	t.Cleanup(server.Close)
	store, err := objectstore.Open(t.Context(), objectstore.Config{Endpoint: server.URL, Bucket: "bucket"})
	require.NoError(t, err)
	t.Cleanup(store.Close)
	named, err := store.Named("embedded-broker-2")
	require.NoError(t, err)
	require.NoError(t, named.PutIfAbsent(t.Context(), "key", []byte("body")))
	require.NoError(t, named.Put(t.Context(), "key", []byte("body")))
	require.NoError(t, store.Put(t.Context(), "key", []byte("body")))
	mu.Lock()
	defer mu.Unlock()
	require.Len(t, agents, 4)
	require.NotContains(t, agents[0], "embedded")
	require.Regexp(t, ` embedded-broker-2/1$`, agents[1])
	require.Regexp(t, ` embedded-broker-2/1$`, agents[2])
	require.NotContains(t, agents[3], "embedded")
}
