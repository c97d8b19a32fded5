package kafka

import (
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	minBackoff = 100 * time.Millisecond // retry.backoff.ms
	maxBackoff = time.Second            // retry.backoff.max.ms
)

// disturbance counts what makes a record's last error less than all of its story: a produce request whose answer got
// lost, a pause before a retry, a metadata request (franz-go asks for metadata before it sends a batch again). A record
// whose time in a batch saw none of them was tried once, so the answer to that try is the truth about it.
//
// The count rises before franz-go learns of the failure, so before any promise that it leads to. It may rise without
// need, which only makes an outcome Unknown that could have been called Failed.
type disturbance struct {
	count   atomic.Int64
	retried atomic.Bool
}

// OnBrokerE2E sees lost produce requests, and metadata requests.
func (d *disturbance) OnBrokerE2E(_ kgo.BrokerMetadata, key int16, e2e kgo.BrokerE2E) {
	switch {
	case key == int16(kmsg.Produce) && e2e.Err() != nil:
		d.retried.Store(true)
		d.count.Add(1)
	case key == int16(kmsg.Metadata):
		d.count.Add(1)
	}
}

// backoff gives the pause before the given try, exponential with jitter (KIP-580), and notes that there was one.
func (d *disturbance) backoff(tries int) time.Duration {
	d.retried.Store(true)
	d.count.Add(1)
	pause := min(minBackoff<<min(max(tries-1, 0), 10), maxBackoff)
	return time.Duration(float64(pause) * (0.8 + 0.4*rand.Float64()))
}
