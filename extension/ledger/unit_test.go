package ledger

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// These tests look inside: encodings that the public surface cannot tell apart.

func TestMurmur2IsJavas(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536, "a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971, "abc": 479470107,
	} {
		require.Equal(t, want, murmur2([]byte(key)), key)
	}
	require.Equal(t, int32(0), partitionOf([]byte("foobar"), 1))
	require.Equal(t, int32(-790332482&0x7fffffff)%10, partitionOf([]byte("foobar"), 10))
}

func TestUUIDText(t *testing.T) {
	t.Parallel()
	run := newRunBits("a run")
	for _, s := range []Serial{0, 1, newSerial(1<<24-1, maxSequence), newSerial(3<<16|7, 12345)} {
		id := run.uuid(s)
		parsed, ok := parseUUID([]byte(id.String()))
		require.True(t, ok)
		require.Equal(t, id, parsed)
		require.Equal(t, s, parsed.serial())
		require.True(t, parsed.wellFormed())
	}
	text := run.uuid(1).String()
	require.Equal(t, byte('8'), text[14], "version")
	for _, bad := range []string{
		"", text[1:], text + "0", text[:14] + "4" + text[15:], text[:35] + "G", "x" + text[1:], text[:8] + "x" + text[9:],
	} {
		_, ok := parseUUID([]byte(bad))
		require.False(t, ok, bad)
	}
}

// pagePatterns are pages as traffic makes them, and as nothing should.
func pagePatterns(r *rand.Rand) map[string]page {
	patterns := map[string]page{"empty": {}}
	var contiguous, batches, keyed, sparse, wild page
	next := make([]uint64, 100)
	for i := range pageSize {
		contiguous[i] = cell(newSerial(5, uint64(1000+i))) | flagAcked | flagRead
		batches[i] = cell(newSerial(uint32(i/40), uint64(77+i%40))) | flagAcked
		p := r.IntN(100)
		next[p] += 1 + uint64(r.ExpFloat64()*9)
		keyed[i] = cell(newSerial(uint32(p), 50000+next[p])) | flagAcked | flagRead
		if r.IntN(3) > 0 {
			sparse[i] = keyed[i]&^flagAcked | cell(r.IntN(2))<<63
		}
		wild[i] = cell(r.Uint64())
		if wild[i].flags() == 0 {
			wild[i] = 0
		}
	}
	patterns["contiguous"], patterns["batches"], patterns["keyed"] = contiguous, batches, keyed
	patterns["sparse"], patterns["wild"] = sparse, wild
	var one page
	one[pageSize-1] = cell(newSerial(1<<24-1, maxSequence)) | flagRead
	patterns["one"] = one
	return patterns
}

func TestPagesSealAndUnseal(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		for name, cells := range pagePatterns(rand.New(rand.NewPCG(seed, 1))) {
			compact := seal(nil, &cells)
			var again page
			again[7] = 12345
			unseal(compact, &again)
			require.Equal(t, cells, again, name)
			switch name {
			case "contiguous":
				require.Less(t, len(compact), 32, name)
			case "batches", "one":
				require.Less(t, len(compact), 512, name)
			case "keyed":
				require.Less(t, len(compact), 2*pageSize, name)
			}
		}
	}
}

func TestPageLogIsAMap(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	var log pageLog
	model := map[int64]cell{}
	for range 20_000 {
		offset := r.Int64N(20 * pageSize)
		if r.IntN(3) == 0 {
			require.Equal(t, model[offset], log.get(offset))
			continue
		}
		c := cell(newSerial(uint32(r.IntN(9)), r.Uint64N(1000))) | flagRead
		log.put(offset, c)
		model[offset] = c
	}
	met := 0
	log.pages(func(number int64, cells *page) {
		log.get(r.Int64N(20 * pageSize)) // may move pages about
		for i, c := range cells {
			require.Equal(t, model[number<<pageBits+int64(i)], c)
			if c != 0 {
				met++
			}
		}
	})
	require.Equal(t, len(model), met)
}

func TestAckTimesAreExact(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	var a ackTimes
	type ack struct{ offset, at int64 }
	var all []ack
	cuts := map[int]int{}
	at, offset := int64(1_700_000_000_000_000), int64(0)
	for range 5000 {
		switch r.IntN(10) {
		case 0:
			offset = r.Int64N(1 << 40)
		case 1, 2:
			at += r.Int64N(2000) - 500
		case 3:
			cuts[a.cut()] = len(all)
		}
		a.add(offset, time.UnixMicro(at))
		all = append(all, ack{offset, at})
		offset++
	}
	cuts[a.cut()] = len(all)
	for position, count := range cuts {
		var got []ack
		a.runs(position, func(r ackRun) {
			for o := r.from; o < r.to; o++ {
				got = append(got, ack{o, r.at})
			}
		})
		require.Equal(t, all[:count], got)
	}
}

func TestSetIsASet(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 8))
	var s set
	model := map[uint64]bool{}
	x := uint64(0)
	for range 20_000 {
		if x++; r.IntN(20) == 0 {
			x = r.Uint64N(10_000)
		}
		require.Equal(t, !model[x], s.add(x), x)
		model[x] = true
	}
	require.Equal(t, int64(len(model)), s.count())
	for y := range uint64(11_000) {
		require.Equal(t, model[y], s.contains(y))
	}
	b := setOf(10, 20)
	b.AddRange(30, 40)
	require.Equal(t, int64(19), greatestIn(b, 0, 30))
	require.Equal(t, int64(35), greatestIn(b, 0, 36))
	require.Equal(t, int64(-1), greatestIn(b, 20, 30))
	require.Equal(t, int64(-1), greatestIn(b, 0, 10))
	require.Equal(t, int64(-1), greatestIn(b, 5, 5))
}
