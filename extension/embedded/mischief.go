package embedded

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// mischief is where lies get at the honest path. Everything that a healthy cluster does is in honest, which does nothing.
type mischief interface {
	// arrive sees a batch that may be queued; true: it was answered, or kept, and is not to be queued.
	arrive(p *partition, e *entry) bool
	// gather may wait for more entries and change their order.
	gather(ctx context.Context, p *partition, group []*entry) []*entry
	// pieces may change what is stored. The pieces must stay contiguous from the first base on.
	pieces(p *partition, pieces []*piece) []*piece
	// early may put off the upload: then it returns true and has to run it some time.
	early(ctx context.Context, p *partition, upload func(context.Context) error) (bool, error)
	// ack may change what a producer is told of a batch that was stored.
	ack(p *partition, e *entry, o *outcome)
	// handlers may wrap how requests are served.
	handlers(key kmsg.Key, next handler) handler
}

// honest is the mischief of a healthy cluster. Lies embed it and override what they break.
type honest struct{}

var _ mischief = honest{}

func (honest) arrive(*partition, *entry) bool { return false }

func (honest) gather(_ context.Context, _ *partition, group []*entry) []*entry { return group }

func (honest) pieces(_ *partition, pieces []*piece) []*piece { return pieces }

func (honest) early(context.Context, *partition, func(context.Context) error) (bool, error) {
	return false, nil
}

func (honest) ack(*partition, *entry, *outcome) {}

func (honest) handlers(_ kmsg.Key, next handler) handler { return next }
