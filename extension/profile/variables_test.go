package profile

import (
	"testing"

	"k6suite/extension/internal/nearest"

	"github.com/stretchr/testify/require"
)

func TestVariablesAreUnambiguous(t *testing.T) {
	t.Parallel()
	s, err := newSchema()
	require.NoError(t, err)
	all := leaves(s.profile)
	seen := map[string][]string{}
	for _, l := range all {
		require.NotContains(t, seen, l.variable, "%v and %v", seen[l.variable], l.path)
		seen[l.variable] = l.path
	}
	require.Equal(t, []string{"objectStore", "bucket"}, seen["K6_PROFILE_OBJECT_STORE_BUCKET"])
	require.Equal(t, []string{"client", "tls", "insecureSkipVerify"}, seen["K6_PROFILE_CLIENT_TLS_INSECURE_SKIP_VERIFY"])
	for variable := range shortForms() {
		require.Contains(t, seen, variable)
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	words := []string{"limits", "brokers", "claims"}
	require.Equal(t, "limits", nearest.Word("limit", words))
	require.Equal(t, "claims", nearest.Word("claim", words))
	require.Empty(t, nearest.Word("x", nil))
	require.Empty(t, nearest.Word("completely-different", words))
}
