package embedded

import (
	"context"
	"crypto/tls"

	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/objectstore"
)

// mischief is where lies get at the honest path. Everything that a healthy cluster does is in honest, which does nothing.
type mischief interface {
	// arrive sees a batch that may be queued; true: it was answered and is not to be queued.
	arrive(l *life, p *partition, e *entry) bool
	// gather may wait for more entries. It is called with the turn of the partition.
	gather(ctx context.Context, l *life, p *partition, group []*entry) ([]*entry, error)
	// stray sees a batch that was sent to a broker that does not lead the partition, not checked yet; true: it was answered.
	stray(l *life, p *partition, e *entry) bool
	// late sees a batch that a broker had queued when it lost the partition; true: it was answered.
	late(l *life, p *partition, e *entry) bool
	// took is told that a partition has another leader, once nothing that the former one has begun is under way. It is called with
	// the turn of the partition, before the new leader stores anything.
	took(l *life, p *partition, from, to int32)
	// woke is told that a paused broker was resumed that has lost its partitions to others. It gets a share back after a lease,
	// when it has answered all that had waited in it.
	woke(l *life, node int32)
	// started is told that a dead broker was started, added that there is a new one, before clients are let in.
	started(l *life, node int32)
	added(l *life, node int32)
	// pieces may change what is stored. The pieces must stay contiguous from the same base on.
	pieces(p *partition, pieces []*piece) []*piece
	// defers may put off an upload: then it returns true, and has to run it, or something in its place, some time.
	defers(l *life, p *partition, pieces []*piece, upload uploading) bool
	// forgets is told that a try to upload failed, and that the pieces are not in the bucket; true: they never get there, and are
	// acked all the same.
	forgets(l *life, p *partition, pieces []*piece) bool
	// ack may change what a producer is told of a batch that was stored.
	ack(p *partition, e *entry, o *outcome)
	// torn is told of an object that a restart could not read, before it tries again.
	torn(key string)
	// recalls may change what a restart knows of the groups.
	recalls(groups []groupDocument)
	// survives may take objects of a partition away before a restart reads them.
	survives(ctx context.Context, l *life, at place, objects []objectstore.Object) ([]objectstore.Object, error)
	// restored is told when a restart has read the objects of a partition.
	restored(ctx context.Context, l *life, at place, objects []objectstore.Object) error
	// leads may choose another leader for a partition that is new, or whose leader changes.
	leads(at place, leader int32) int32
	// shown may change what the single endpoint tells clients of brokers.
	shown(c *Cluster, response kmsg.Response)
	// admits says whether the single endpoint lets a client in, while so many others are open.
	admits(open int) bool
	// keeps says whether the single endpoint keeps the connection of a client that has gone.
	keeps() bool
	// proves gives the certificate that a client is shown, of an address that speaks TLS.
	proves(s *security) (*tls.Certificate, error)
	// cut is told that a connection to a broker was reset, after there had been a fault on the wire.
	cut(l *life, node int32)
	// handler may wrap how requests of an API are served.
	handler(l *life, key kmsg.Key, next handler) handler
}

// uploading writes pieces to the bucket, and returns when they are there.
type uploading func(context.Context) error

// honest is the mischief of a healthy cluster. Lies embed it and override what they break.
type honest struct{}

var _ mischief = honest{}

func (honest) arrive(*life, *partition, *entry) bool { return false }

func (honest) gather(_ context.Context, _ *life, _ *partition, group []*entry) ([]*entry, error) {
	return group, nil
}

func (honest) stray(*life, *partition, *entry) bool { return false }

func (honest) late(*life, *partition, *entry) bool { return false }

func (honest) took(*life, *partition, int32, int32) {}

func (honest) woke(*life, int32) {}

func (honest) started(*life, int32) {}

func (honest) added(*life, int32) {}

func (honest) pieces(_ *partition, pieces []*piece) []*piece { return pieces }

func (honest) defers(*life, *partition, []*piece, uploading) bool { return false }

func (honest) forgets(*life, *partition, []*piece) bool { return false }

func (honest) torn(string) {}

func (honest) recalls([]groupDocument) {}

func (honest) ack(*partition, *entry, *outcome) {}

func (honest) survives(_ context.Context, _ *life, _ place, objects []objectstore.Object) ([]objectstore.Object, error) {
	return objects, nil
}

func (honest) restored(context.Context, *life, place, []objectstore.Object) error { return nil }

func (honest) leads(_ place, leader int32) int32 { return leader }

func (honest) shown(*Cluster, kmsg.Response) {}

func (honest) admits(int) bool { return true }

func (honest) keeps() bool { return false }

func (honest) proves(s *security) (*tls.Certificate, error) { return &s.server, nil }

func (honest) cut(*life, int32) {}

func (honest) handler(_ *life, _ kmsg.Key, next handler) handler { return next }
