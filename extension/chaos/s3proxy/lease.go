package s3proxy

import (
	"errors"
	"fmt"
	"time"
)

// errEnded is why a fault cannot be renewed.
var errEnded = errors.New("the fault has ended")

// Renew gives the fault a lease: unless it is renewed again within that time, the fault ends. So a fault does not outlive who has
// injected it from another process. It is an error if the fault has ended already.
func (f *Fault) Renew(lease time.Duration) error {
	if lease <= 0 {
		return fmt.Errorf("lease %s: must be more than 0s", lease)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped {
		return fmt.Errorf("fault %d: %w", f.id, errEnded)
	}
	if f.lease == nil {
		f.lease = time.AfterFunc(lease, f.end)
		return nil
	}
	f.lease.Reset(lease)
	return nil
}
