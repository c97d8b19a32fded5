package embedded_test

import (
	"testing"

	"go.uber.org/goleak"
)

// Every cluster of the tests is closed by its test: nothing may be left of any of them.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
