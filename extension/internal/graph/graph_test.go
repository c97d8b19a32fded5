package graph_test

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/stretchr/testify/require"

	"k6suite/extension/internal/graph"
)

type inner struct {
	back  *all
	count atomic.Int64
	name  string
}

type all struct {
	mu      sync.RWMutex //nolint:unused // no value of it may be written
	flag    bool
	small   int8
	big     uint64
	ratio   float64
	text    string
	raw     []byte
	none    []string
	empty   []string
	words   []string
	grid    [2][3]int32
	places  map[key]inner
	pointed map[string]*inner
	first   *inner
	second  *inner
	missing *inner //nolint:unused // nil
	when    time.Time
	utc     time.Time
	never   time.Time
	bits    *roaring64.Bitmap
	current atomic.Pointer[inner]
	unset   atomic.Pointer[inner]
	now     func() time.Time `graph:"-"`
}

type key struct {
	name string
	n    int32
}

func full() *all {
	a := &all{
		flag: true, small: -7, big: 1<<64 - 1, ratio: 0.1, text: "ü", raw: []byte{0, 1}, empty: []string{}, words: []string{"a", ""},
		grid: [2][3]int32{{1, -2}, {0, 0, 3}}, places: map[key]inner{{"x", 1}: {name: "in a map"}, {"x", 2}: {}},
		when: time.Now(), utc: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), bits: roaring64.BitmapOf(1, 2, 1<<40), now: time.Now,
	}
	a.first = &inner{back: a, name: "first"}
	a.second = a.first
	a.first.count.Store(42)
	a.pointed = map[string]*inner{"first": a.first, "other": {name: "other"}}
	a.current.Store(a.first)
	return a
}

func TestWhatIsReadIsWhatWasWritten(t *testing.T) {
	t.Parallel()
	a := full()
	since := a.when
	data, err := graph.Append(nil, a, since)
	require.NoError(t, err)
	b := &all{}
	require.NoError(t, graph.Read(data, b, since))

	require.True(t, a.when.Equal(b.when))
	require.True(t, b.first == b.second && b.current.Load() == b.first && b.pointed["first"] == b.first && b.first.back == b)
	require.Nil(t, b.now)
	require.Nil(t, b.none)
	require.NotNil(t, b.empty)
	require.True(t, b.never.IsZero())
	require.True(t, a.bits.Equals(b.bits))
	require.Nil(t, b.unset.Load())
	b.now, a.now, a.when, b.when, a.bits, b.bits = nil, nil, time.Time{}, time.Time{}, nil, nil
	a.current.Store(nil)
	b.current.Store(nil)
	require.Equal(t, a, b)

	again, err := graph.Append(nil, b, since)
	require.NoError(t, err)
	twice, err := graph.Append(nil, b, since)
	require.NoError(t, err)
	require.Equal(t, again, twice, "equal data has equal bytes")
}

// A time is as far from another after it was read as it was before, whatever the clock on the wall did meanwhile.
func TestTimesKeepTheirDistance(t *testing.T) {
	t.Parallel()
	type pair struct{ a, b time.Time }
	p := &pair{a: time.Now()}
	p.b = p.a.Add(time.Hour)
	data, err := graph.Append(nil, p, p.a)
	require.NoError(t, err)
	var back pair
	require.NoError(t, graph.Read(data, &back, p.a))
	require.Equal(t, time.Hour, back.b.Sub(back.a))
	require.True(t, back.a.Equal(p.a))
}

func TestWhatCannotBeWrittenIsNamed(t *testing.T) {
	t.Parallel()
	for _, v := range []any{
		&struct{ f func() }{}, &struct{ c chan int }{}, &struct{ e error }{}, &struct{ m map[*int]bool }{m: map[*int]bool{}},
	} {
		_, err := graph.Append(nil, v, time.Time{})
		require.ErrorContains(t, err, "cannot be written: leave it out")
	}
}

func TestDamageIsFound(t *testing.T) {
	t.Parallel()
	since, whole := time.Now(), full()
	whole.bits = nil // what others write is theirs to check
	data, err := graph.Append(nil, whole, since)
	require.NoError(t, err)
	require.ErrorIs(t, graph.Read(append(bytes.Clone(data), 0), &all{}, since), graph.ErrDamaged)
	for cut := range data {
		require.ErrorIs(t, graph.Read(data[:cut], &all{}, since), graph.ErrDamaged)
	}
	random := rand.New(rand.NewPCG(1, 1))
	for range 2000 { // no other byte may bring it down
		other := bytes.Clone(data)
		for range 1 + random.IntN(3) {
			other[random.IntN(len(other))] = byte(random.Uint32())
		}
		if err := graph.Read(other, &all{}, since); err != nil {
			require.ErrorIs(t, err, graph.ErrDamaged)
		}
	}
}

func TestAListWithoutEndIsDamage(t *testing.T) {
	t.Parallel()
	var lists struct{ nothings []struct{} }
	require.ErrorIs(t, graph.Read([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0x0f}, &lists, time.Time{}), graph.ErrDamaged)
}

func TestAnotherShapeShows(t *testing.T) {
	t.Parallel()
	shapes := map[string]bool{}
	types := []reflect.Type{
		reflect.TypeFor[all](), reflect.TypeFor[inner](), reflect.TypeFor[map[string]*inner](), reflect.TypeFor[map[string]*all](),
		reflect.TypeFor[struct{ X int }](), reflect.TypeFor[struct{ Y int }](), reflect.TypeFor[struct{ X int32 }](),
		reflect.TypeFor[atomic.Pointer[all]](), reflect.TypeFor[atomic.Pointer[inner]](), reflect.TypeFor[[2]int](), reflect.TypeFor[[3]int](),
	}
	for _, kind := range types {
		shapes[graph.Shape(kind)] = true
	}
	require.Len(t, shapes, len(types))
	for _, kind := range types {
		require.True(t, shapes[graph.Shape(kind)], "a shape lasts")
	}
}
