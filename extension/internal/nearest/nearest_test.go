package nearest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/internal/nearest"
)

func TestWordFindsWhatWasMeantOrNothing(t *testing.T) {
	t.Parallel()
	known := []string{"brokers", "claims", "client"}
	require.Equal(t, "brokers", nearest.Word("broker", known))
	require.Equal(t, "claims", nearest.Word("clams", known))
	require.Empty(t, nearest.Word("xyzzy", known))
	require.Empty(t, nearest.Word("broker", nil))
}
