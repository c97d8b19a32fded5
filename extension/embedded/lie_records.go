package embedded

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/recordbatch"
)

// Lies about single records take a batch apart and put it together again.

// eligible says whether a lie may take the batch: it leaves transactions alone, and batches with fewer than least records, such
// as those by which the suite finds out whether the target works at all.
func eligible(b batch, least int32) bool {
	return !b.Transactional() && !b.Control() && b.Count() >= least
}

// changed returns the batch with what change makes of its records, if there is anything to change.
func changed(b batch, change func([]kmsg.Record) ([]kmsg.Record, bool)) (batch, bool) {
	coder := recordbatch.NewCoder()
	records, err := coder.Records(b)
	if err != nil {
		return nil, false
	}
	records, ok := change(records)
	if !ok {
		return nil, false
	}
	out, err := coder.WithRecords(b, records)
	return out, err == nil
}

// keysOf gives the keys of a batch's records. That a record has none is no key.
func keysOf(b batch) map[string]bool {
	keys := map[string]bool{}
	records, err := recordbatch.NewCoder().Records(b)
	if err != nil {
		return keys
	}
	for _, r := range records {
		if r.Key != nil {
			keys[string(r.Key)] = true
		}
	}
	return keys
}

// shareKey tells whether two batches have records of one key.
func shareKey(a, b batch) bool {
	keys := keysOf(a)
	for key := range keysOf(b) {
		if keys[key] {
			return true
		}
	}
	return false
}

// without returns the batch without one of its middle records, as if compaction had removed it.
func without(b batch, pick func(int) int) (batch, bool) {
	return changed(b, func(records []kmsg.Record) ([]kmsg.Record, bool) {
		if len(records) < 3 {
			return nil, false
		}
		i := 1 + pick(len(records)-2)
		return slices.Delete(records, i, i+1), true
	})
}

// flipped returns the batch with the last byte of one value changed.
func flipped(b batch, pick func(int) int) (batch, bool) {
	return changed(b, func(records []kmsg.Record) ([]kmsg.Record, bool) {
		r := &records[pick(len(records))]
		if len(r.Value) == 0 {
			return nil, false
		}
		r.Value = slices.Clone(r.Value)
		r.Value[len(r.Value)-1] ^= 1
		return records, true
	})
}

// swapped returns the batch with the contents of two neighbors exchanged.
func swapped(b batch, i int) (batch, bool) {
	return changed(b, func(records []kmsg.Record) ([]kmsg.Record, bool) {
		if i+1 >= len(records) {
			return nil, false
		}
		x, y := &records[i], &records[i+1]
		x.Key, y.Key, x.Value, y.Value, x.Headers, y.Headers = y.Key, x.Key, y.Value, x.Value, y.Headers, x.Headers
		return records, true
	})
}

// invented returns a batch of one record that nobody sent.
func invented(b batch) (batch, bool) {
	return changed(b.Anonymous(), func(records []kmsg.Record) ([]kmsg.Record, bool) {
		if len(records) == 0 {
			return nil, false
		}
		r := records[0]
		r.Key, r.Value, r.Headers = nil, []byte("nobody sent this"), nil
		return []kmsg.Record{r}, true
	})
}
