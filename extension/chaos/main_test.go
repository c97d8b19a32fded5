package chaos_test

import (
	"testing"

	"go.uber.org/goleak"
)

// No goroutine may outlive the controllers and proxies of these tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
