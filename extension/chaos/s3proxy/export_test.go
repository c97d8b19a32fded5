package s3proxy

import (
	"context"
	"time"
)

// ConnectWithLease is Connect with a lease that tests can wait for.
func ConnectWithLease(ctx context.Context, controlURL string, lease time.Duration) (*Remote, error) {
	return connect(ctx, controlURL, lease)
}
