package objectstore_test

import (
	"testing"

	"go.uber.org/goleak"
)

// No goroutine may outlive the stores and servers of these tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
