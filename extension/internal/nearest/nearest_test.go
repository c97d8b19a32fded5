package nearest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/internal/nearest"
)

func TestWordFindsWhatWasMeantOrNothing(t *testing.T) {
	t.Parallel()
	known := []string{"brokers", "claims", "client", "limits"}
	require.Equal(t, "brokers", nearest.Word("broker", known))
	require.Equal(t, "claims", nearest.Word("clams", known))
	require.Equal(t, "claims", nearest.Word("claim", known))
	require.Equal(t, "limits", nearest.Word("limit", known))
	require.Empty(t, nearest.Word("xyzzy", known))
	require.Empty(t, nearest.Word("completely-different", known))
	require.Empty(t, nearest.Word("broker", nil))
	require.Empty(t, nearest.Word("x", nil))
}
