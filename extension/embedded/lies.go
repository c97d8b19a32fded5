package embedded

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"k6suite/extension/internal/nearest"
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
	// TLS says that it strikes only where clients speak TLS.
	TLS bool
	// Connections is how many connections a storm needs to show it; 0 for lies that other things show.
	Connections int
	// Recovery is the bound of recovery that it breaks. Default: the profile's.
	Recovery time.Duration
}

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
