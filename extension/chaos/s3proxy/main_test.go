package s3proxy_test

import (
	"testing"

	"go.uber.org/goleak"
)

// No goroutine may outlive the proxies of these tests.
func TestMain(m *testing.M) {
	if !playRole() {
		goleak.VerifyTestMain(m)
	}
}
