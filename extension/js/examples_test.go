package js_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The examples run with nothing installed, nothing running and nothing set.
func TestExamplesRunOnTheEmbeddedTarget(t *testing.T) {
	t.Parallel()
	examples, err := filepath.Glob(filepath.Join("..", "..", "examples", "*.js"))
	require.NoError(t, err)
	require.NotEmpty(t, examples)
	for _, example := range examples {
		t.Run(filepath.Base(example), func(t *testing.T) {
			t.Parallel()
			k := startK6(t, nil, "run", filepath.Join("examples", filepath.Base(example)))
			require.Zero(t, k.wait(t), k.out.String())
		})
	}
}

func TestTrackedExampleFailsWhereARecordIsLost(t *testing.T) {
	t.Parallel()
	k := startK6(t, []string{"K6_LIE=lose-record"}, "run", "examples/tracked.js")
	require.Equal(t, 99, k.wait(t), k.out.String())
	require.Contains(t, k.out.String(), "LOST_ACKED")
}
