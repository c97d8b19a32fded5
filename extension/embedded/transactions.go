package embedded

import (
	"context"
	"math"

	"github.com/twmb/franz-go/pkg/kfake"
)

const maxTransactionTimeoutMillis = math.MaxInt32

func (p *producer) mayWrite(at place, e *entry) *refusal { return nil }

func (l *life) catchUp(ctx context.Context, p *partition, info *kfake.PartitionInfo) error {
	return nil
}
