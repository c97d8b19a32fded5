package embedded

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/nearest"
	"k6suite/extension/objectstore"
)

// Lie is a deliberate defect of the cluster.
type Lie struct {
	Name   string // for Options.Lies
	Rule   string // the rule of the suite that has to find it
	Breaks string // what it does
	// Scripts have to find it, without folder and .js. Default: those of the first stage that judge its rule.
	Scripts []string
	// Chaos says that it strikes only where brokers die, freeze, come or go, or where object storage is out of order.
	Chaos bool
	// Direct says that it strikes only where each broker has an address of its own, not behind a single endpoint.
	Direct bool
	// Recovery is the bound of recovery that it breaks. Default: the profile's.
	Recovery time.Duration
}

// maker is a lie and how it is made.
type maker struct {
	Lie
	begin func(*liar) mischief
}

func lie(name, rule, breaks string, begin func(*liar) mischief, scripts ...string) maker {
	return maker{Lie{Name: name, Rule: rule, Breaks: breaks, Scripts: scripts}, begin}
}

func makers() []maker { return slices.Concat(plainLies(), chaosLies()) }

// plainLies need nothing but traffic, or a fault on the wire.
func plainLies() []maker {
	return []maker{
		lie("lose-record", "LOST_ACKED", "one record in the middle of an acked batch is stored nowhere", newLoseRecord),
		lie("lose-tail", "LOST_SUFFIX", "a restart forgets the newest object of a partition and removes it", newLoseTail),
		lie("wrong-offset", "OFFSET_MISMATCH", "an ack names offsets far from where the records stand", newWrongOffset),
		lie("same-offset", "TWO_ACKS", "an ack names the offsets of the records before", newSameOffset),
		lie("split-log", "INCONSISTENT_OFFSET", "every second connection is shown two records of a batch exchanged", newSplitLog),
		lie("store-twice", "DUPLICATE", "a batch is stored twice and acked once", newStoreTwice),
		lie("invent-record", "PHANTOM", "a record that nobody sent is stored", newInventRecord),
		lie("flip-byte", "CORRUPT", "a byte of a value is stored changed", newFlipByte),
		lie("skip-batch", "POLL_SKIP", "a fetch leaves out a record that later fetches return", newSkipBatch),
		lie("rewind", "POLL_BACK", "a reader in the middle of the log is told that its offset is out of range", newRewind),
		lie("reorder-batches", "SEND_REORDER", "two batches that a producer sent one after the other are stored exchanged",
			newReorderBatches),
		lie("stale-end", "STALE_END", "end offsets that are answered lag behind the log for ever", newStaleEnd),
		lie("object-differs", "OBJECT_MISMATCH", "after a restart an object is overwritten, with a record changed", newObjectDiffers),
		lie("ack-before-durable", "ACK_WITHOUT_BYTES", "producers are answered, and readers served, before the upload", newAckBeforeDurable),
		lie("spurious-error", "ERRORS_SEEN", "a batch is refused without reason, and not stored", newSpuriousError),
		lie("hide-partition", "PARTITIONER", "for a moment metadata shows a partition too few, and keys go elsewhere", newHidePartition),
		lie("own-address", "METADATA_LIE/address", "behind the single endpoint, metadata shows a broker's own address", newOwnAddress),
		lie("hide-leader", "METADATA_LIE/unreachable", "metadata says that nobody leads the last partition of a topic", newHideLeader),
		lie("one-broker", "METADATA_LIE/unspread", "all partitions are led by one broker, and the others idle", newOneBroker),
		lie("stay-stuck", "STUCK", "a broker that was cut off answers no producer, though all is healed",
			newStayStuck, "network_partition"),
		lie("store-refused", "ABORTED_READ", "a batch is refused for good, and stored nevertheless", newStoreRefused),
	}
}

// chaosLies show when brokers die, freeze, come and go, or when object storage is out of order. The first script of each is the one in
// which it is proven.
func chaosLies() []maker {
	const (
		death, zombie, storage = "chaos_broker", "zombie", "objectstore_slow"
		upgrade, scale         = "rolling_upgrade", "scaleout"
	)
	all := []maker{
		lie("ack-in-outage", "ACK_IN_OUTAGE", "while no upload gets through, batches are acked, and uploaded when one does",
			newAckInOutage, storage),
		lie("drop-failed-put", "LOST_ACKED", "a batch whose upload failed is forgotten, and acked", newDropFailedPut, storage),
		lie("torn-read", "LOST_SUFFIX", "a segment that a restart could not read whole is the end of the log to the next one",
			newTornRead, storage),
		lie("late-order", "REALTIME_ORDER", "a batch is stored before one that was acked when it was not even sent", newLateOrder, storage),
		lie("forget-producers", "DUPLICATE", "who takes a partition over does not know what its producers sent last",
			newForgetProducers, death),
		lie("stale-end-takeover", "REWRITE", "who takes a partition over goes on from an end that is some records back",
			newStaleEndTakeover, death),
		lie("never-recover", "STUCK", "a partition that was taken over takes no records any more", newNeverRecover, death),
		lie("slow-takeover", "SLOW_RECOVERY", "a partition that was taken over takes no records for some seconds", newSlowTakeover, death),
		lie("end-regress", "END_REGRESS", "who takes a partition over tells of an end that the log has not reached, and takes it back",
			newEndRegress, death),
		lie("show-dead", "METADATA_LIE/dead", "metadata shows brokers that are dead for good", newShowDead, death),
		lie("moving-metadata", "METADATA_LIE/changed", "behind the single endpoint, metadata shows another broker once one has died",
			newMovingMetadata, death),
		lie("idle-newcomer", "METADATA_LIE/idle", "a broker that was added leads nothing", newIdleNewcomer, scale),
		lie("forget-commits", "GROUP_REGRESS", "a restart brings back offsets that groups had committed long before",
			newForgetCommits, upgrade),
		lie("zombie-acks", "LOST_ACKED", "a broker that was frozen acks what had waited in it, and stores nothing", newZombieAcks, zombie),
		lie("zombie-overwrites", "REWRITE", "a broker that was frozen stores what had waited in it over what others have stored since",
			newZombieOverwrites, zombie),
		lie("overwrite-object", "OBJECT_MISMATCH", "a broker that was frozen stores an object again, the same records with another date",
			newOverwriteObject, zombie),
	}
	for i := range all {
		all[i].Chaos = true
		all[i].Direct = all[i].Name == "show-dead"
		if all[i].Rule == "SLOW_RECOVERY" || all[i].Rule == "STUCK" || all[i].Direct {
			all[i].Recovery = quickRecovery
		}
	}
	return all
}

// quickRecovery is a bound that shows in the time for which a script has a broker dead.
const quickRecovery = 2 * time.Second

// Lies returns all lies, sorted by name.
func Lies() []Lie {
	var list []Lie
	for _, m := range makers() {
		list = append(list, m.Lie)
	}
	slices.SortFunc(list, func(a, b Lie) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// liar is a lie of one cluster: it knows when to strike, and counts.
type liar struct {
	Lie
	hits atomic.Int64

	mu   sync.Mutex // guards what follows
	rng  *rand.Rand
	skip int // opportunities to pass until the next strike
	left int // strikes, at most
}

// maxStrikes keeps a long run from consisting of lies: a few prove as much.
const maxStrikes = 20

func newLiar(lie Lie, seed int64) *liar {
	return &liar{Lie: lie, rng: rand.New(rand.NewPCG(uint64(seed), 0x6b36)), left: maxStrikes}
}

// strikes decides on one opportunity: the first is always taken, so that a short run has its lie, later ones now and then.
func (l *liar) strikes() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left == 0 {
		return false
	}
	if l.skip > 0 {
		l.skip--
		return false
	}
	l.skip = 2 + l.rng.IntN(6)
	l.left--
	l.hits.Add(1)
	return true
}

// undo takes back a strike that came to nothing.
func (l *liar) undo() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left++
	l.hits.Add(-1)
}

// pick returns a number from 0 to n−1.
func (l *liar) pick(n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rng.IntN(n)
}

// newLiars makes the lies of a cluster.
func newLiars(names []string, seed int64) (mischief, []*liar, error) {
	if len(names) == 0 {
		return honest{}, nil, nil
	}
	var all chain
	var liars []*liar
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		m, ok := find(name)
		if !ok {
			return nil, nil, unknownLie(name)
		}
		l := newLiar(m.Lie, seed)
		all, liars = append(all, m.begin(l)), append(liars, l)
	}
	return all, liars, nil
}

func find(name string) (maker, bool) {
	list := makers()
	i := slices.IndexFunc(list, func(m maker) bool { return m.Name == name })
	if i < 0 {
		return maker{}, false
	}
	return list[i], true
}

func unknownLie(name string) error {
	names := make([]string, 0, len(makers()))
	for _, l := range Lies() {
		names = append(names, l.Name)
	}
	if near := nearest.Word(name, names); near != "" {
		return fmt.Errorf("lie %q is not known: did you mean %q?", name, near)
	}
	return fmt.Errorf("lie %q is not known: the lies are %s", name, strings.Join(names, ", "))
}

// chain tells several lies at once.
type chain []mischief

func (c chain) arrive(l *life, p *partition, e *entry) bool {
	return slices.ContainsFunc(c, func(m mischief) bool { return m.arrive(l, p, e) })
}

func (c chain) gather(ctx context.Context, l *life, p *partition, group []*entry) ([]*entry, error) {
	var err error
	for _, m := range c {
		if group, err = m.gather(ctx, l, p, group); err != nil {
			return group, err
		}
	}
	return group, nil
}

func (c chain) stray(l *life, p *partition, e *entry) bool {
	return slices.ContainsFunc(c, func(m mischief) bool { return m.stray(l, p, e) })
}

func (c chain) late(l *life, p *partition, e *entry) bool {
	return slices.ContainsFunc(c, func(m mischief) bool { return m.late(l, p, e) })
}

func (c chain) took(l *life, p *partition, from, to int32) {
	for _, m := range c {
		m.took(l, p, from, to)
	}
}

func (c chain) woke(l *life, node int32) {
	for _, m := range c {
		m.woke(l, node)
	}
}

func (c chain) started(l *life, node int32) {
	for _, m := range c {
		m.started(l, node)
	}
}

func (c chain) added(l *life, node int32) {
	for _, m := range c {
		m.added(l, node)
	}
}

func (c chain) pieces(p *partition, pieces []*piece) []*piece {
	for _, m := range c {
		pieces = m.pieces(p, pieces)
	}
	return pieces
}

func (c chain) defers(l *life, p *partition, pieces []*piece, upload uploading) bool {
	return slices.ContainsFunc(c, func(m mischief) bool { return m.defers(l, p, pieces, upload) })
}

func (c chain) forgets(l *life, p *partition, pieces []*piece) bool {
	return slices.ContainsFunc(c, func(m mischief) bool { return m.forgets(l, p, pieces) })
}

func (c chain) torn(key string) {
	for _, m := range c {
		m.torn(key)
	}
}

func (c chain) recalls(groups []groupDocument) {
	for _, m := range c {
		m.recalls(groups)
	}
}

func (c chain) ack(p *partition, e *entry, o *outcome) {
	for _, m := range c {
		m.ack(p, e, o)
	}
}

func (c chain) survives(ctx context.Context, l *life, at place, objects []objectstore.Object) ([]objectstore.Object, error) {
	var err error
	for _, m := range c {
		if objects, err = m.survives(ctx, l, at, objects); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

func (c chain) restored(ctx context.Context, l *life, at place, objects []objectstore.Object) error {
	for _, m := range c {
		if err := m.restored(ctx, l, at, objects); err != nil {
			return err
		}
	}
	return nil
}

func (c chain) leads(at place, leader int32) int32 {
	for _, m := range c {
		leader = m.leads(at, leader)
	}
	return leader
}

func (c chain) shown(of *Cluster, response kmsg.Response) {
	for _, m := range c {
		m.shown(of, response)
	}
}

func (c chain) cut(l *life, node int32) {
	for _, m := range c {
		m.cut(l, node)
	}
}

func (c chain) handler(l *life, key kmsg.Key, next handler) handler {
	for _, m := range c {
		next = m.handler(l, key, next)
	}
	return next
}
