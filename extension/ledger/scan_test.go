package ledger_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"k6suite/extension/ledger"
)

// Whole pages are judged at once where there is nothing to tell. It must come to the same as looking at each record.

func TestPropertyScansAlike(t *testing.T) {
	t.Parallel()
	eachSeed(t, tries(t, 28), func(seed uint64) error {
		if differ := damaged(seed, nil).ScansAlike(ledger.JudgeOptions{}); differ != "" {
			return errors.New(differ)
		}
		return nil
	})
	for rule, mutate := range mutations() {
		t.Run(string(rule), func(t *testing.T) {
			t.Parallel()
			eachSeed(t, tries(t, 2), func(seed uint64) error {
				h := short(t, seed)
				mutate(h)
				if differ := h.l.ScansAlike(h.history.options); differ != "" {
					return errors.New(differ)
				}
				return nil
			})
		})
	}
}

// damaged gives the ledger of some pages of records, few of which are lost, stand elsewhere, twice, or in another's place.
// begun, if not nil, is told of it before anything is in it.
func damaged(seed uint64, begun func(*ledger.Ledger)) *ledger.Ledger {
	r := rand.New(rand.NewPCG(seed, 3))
	shapes := []pattern{
		{producers: 1, partitions: 1, batch: 5000},
		{producers: 7, partitions: 2, batch: 500},
		{producers: 5, partitions: 2, batch: 20, random: true},
		{producers: 9, partitions: 2, batch: 1, random: true, unknown: 10, absent: 50},
	}
	p := shapes[seed%uint64(len(shapes))]
	n := 10_000 + r.IntN(8000)
	o := ledger.Options{Run: "bench", Now: func() time.Time { return time.Unix(1_800_000_000, 0) }}
	if begun != nil {
		o.Memory = 1
	}
	l := p.beginWith(o)
	if begun != nil {
		begun(l)
	}
	turn := seed / 4 % 3 // in acks and reads alike, so that whole pages seem to be well
	turned := func(at landing) landing {
		switch block := at.offset % 6000 / 100; {
		case p.batch < 5000 || block != 20 && block != 21:
		case turn == 1: // two blocks change places
			at.serial += ledger.Serial(100 - 200*(block-20))
		case turn == 2: // two blocks are the wrong way round
			at.serial += ledger.Serial(99 - 2*(at.offset%100))
		}
		return at
	}
	p.settleSome(l, n, turned)
	evil := int64(seed / 12 % 3) // one of this many thousand records; 0: all is well
	live := r.IntN(2) == 0
	for _, name := range []string{"a", "b"} {
		p.readSome(l, name, n, func(at landing) landing {
			at = turned(at)
			if evil == 0 || at.offset%(1000*evil) != 500 {
				return at
			}
			if live {
				l.ShowSerial(tp(at.partition), at.offset, at.serial)
			}
			switch (at.offset / 1000) % 5 {
			case 0:
				at.absent = true
			case 1:
				at.offset++
			case 2:
				at.serial -= 2
			case 3:
				at.serial += ledger.Serial(r.IntN(50))
			case 4:
				at.absent = name == "a"
			}
			return at
		})
	}
	return l
}
