package trust_test

import (
	"testing"

	"go.uber.org/goleak"
)

// Every run is judged and every target closed by its test: no client, reader or broker may be left of any of them.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
