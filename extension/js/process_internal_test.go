package js

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// What k6 sends is held against this by TestScriptThatThrowsIsInconclusiveAndSaysWhere.
func TestIterationErrorReadsWhatK6Sends(t *testing.T) {
	t.Parallel()
	type data struct {
		ScenarioName string
		Error        error
	}
	name, err := iterationError(data{"main", errors.New("thrown")})
	require.Equal(t, "main", name)
	require.EqualError(t, err, "thrown")
	_, err = iterationError(data{"main", nil})
	require.NoError(t, err)
	for _, other := range []any{nil, "text", struct{ Name string }{}} {
		_, err = iterationError(other)
		require.ErrorContains(t, err, "does not know", "a k6 that changed must not pass for one whose scripts never throw")
	}
}
