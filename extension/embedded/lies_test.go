package embedded_test

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/embedded"
	"k6suite/extension/objectstore"
)

// effects look for what a lie does, by a bare client and by the bucket.
var effects = map[string]func(t *testing.T, c *embedded.Cluster) bool{
	"lose-record": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		sent := traffic(t, c)
		got, stored := read(t, c, "t", 0), stored(t, c)
		require.Len(t, stored, len(got), "the bucket and the log agree")
		return len(got) < len(sent)
	},
	"lose-tail": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		sent := traffic(t, c)
		require.Len(t, stored(t, c), len(sent))
		require.NoError(t, c.Restart(testContext(t)))
		require.Len(t, stored(t, c), int(end(t, c, "t", 0)), "the bucket and the log agree")
		return end(t, c, "t", 0) <= sent[len(sent)-1].Offset
	},
	"wrong-offset": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		sent := traffic(t, c)
		return !slices.EqualFunc(sent, read(t, c, "t", 0), func(a, b *kgo.Record) bool {
			require.Equal(t, a.Value, b.Value)
			return a.Offset == b.Offset
		})
	},
	"same-offset": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		acked := map[int64]bool{}
		twice := false
		for _, r := range traffic(t, c) {
			twice = twice || acked[r.Offset]
			acked[r.Offset] = true
		}
		require.Len(t, read(t, c, "t", 0), 200)
		return twice
	},
	"split-log": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		traffic(t, c)
		return !sameValues(read(t, c, "t", 0), read(t, c, "t", 0))
	},
	"store-twice": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		sent := traffic(t, c)
		got := read(t, c, "t", 0)
		require.Len(t, stored(t, c), len(got))
		seen := map[string]bool{}
		for _, r := range got {
			seen[string(r.Value)] = true
		}
		require.Len(t, seen, len(sent))
		return len(got) > len(sent)
	},
	"invent-record": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		traffic(t, c)
		got := read(t, c, "t", 0)
		require.Len(t, stored(t, c), len(got))
		return slices.ContainsFunc(got, func(r *kgo.Record) bool { return len(r.Headers) == 0 })
	},
	"flip-byte": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		sent, got, stored := traffic(t, c), read(t, c, "t", 0), stored(t, c)
		for i := range got {
			require.Equal(t, got[i].Value, stored[i].Value)
		}
		return !sameValues(sent, got)
	},
	"object-differs": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		sent := traffic(t, c)
		require.NoError(t, c.Restart(testContext(t)))
		got, stored := read(t, c, "t", 0), stored(t, c)
		require.True(t, sameValues(sent, got))
		return !slices.EqualFunc(got, stored, func(a *kgo.Record, b objectstore.Record) bool { return bytes.Equal(a.Value, b.Value) })
	},
	"skip-batch": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		traffic(t, c)
		first, second := readFrom(t, c, "t", 0, 0, 200), read(t, c, "t", 0)
		require.Len(t, second, 200)
		return len(first) < 200
	},
	"rewind": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		traffic(t, c)
		last, back := int64(-1), false
		for _, r := range readFrom(t, c, "t", 0, 0, 200) {
			back = back || r.Offset <= last
			last = r.Offset
		}
		require.Len(t, read(t, c, "t", 0), 200)
		return back
	},
	"reorder-batches": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		return exchanged(t, c, "")
	},
	"reorder-key": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		return exchanged(t, c, "key")
	},
	"stale-end": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		sent := traffic(t, c)
		require.Len(t, readFrom(t, c, "t", 0, 0, 200), len(sent))
		return end(t, c, "t", 0) < 200
	},
	"ack-before-durable": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		traffic(t, c)
		acked := time.Now()
		require.Eventually(t, func() bool { return len(stored(t, c)) == 200 }, deadline, 5*time.Millisecond)
		return time.Since(acked) > 0 && lateObjects(t, c, acked)
	},
	"spurious-error": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		acked, failed := mixedTraffic(t, c, kerr.UnknownServerError)
		require.Len(t, read(t, c, "t", 0), acked)
		return failed > 0
	},
	"store-refused": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		acked, failed := mixedTraffic(t, c, kerr.InvalidRecord)
		require.Len(t, read(t, c, "t", 0), acked+failed)
		return failed > 0
	},
	"hide-partition": func(t *testing.T, c *embedded.Cluster) bool {
		t.Helper()
		createTopic(t, c, "many", 3, nil)
		for p := range int32(3) {
			produce(t, client(t, c, manual()), "many", p, 1, 1)
		}
		read(t, c, "many", 2) // from here on the last partition is hidden
		for range 5 {
			produce(t, client(t, c, kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil))), "many", 0, 1, 20)
		}
		places := map[string]int32{}
		astray := false
		for p := range int32(3) {
			for _, r := range read(t, c, "many", p)[1:] {
				other, known := places[string(r.Key)]
				astray = astray || known && other != p
				places[string(r.Key)] = p
			}
		}
		require.Len(t, places, 20)
		return astray
	},
}

func TestEachLieShows(t *testing.T) {
	t.Parallel()
	for _, lie := range embedded.Lies() {
		for _, seed := range []int64{1, 2} {
			t.Run(fmt.Sprintf("%s/%d", lie.Name, seed), func(t *testing.T) {
				t.Parallel()
				options := optionsFor(lie)
				options.Lies, options.Seed = []string{lie.Name}, seed
				c := start(t, options)
				createTopic(t, c, "t", 1, nil)
				require.True(t, effectOf(t, lie)(t, c))
				require.Positive(t, c.LieHits()[lie.Name])
			})
		}
	}
}

func TestWithoutTheLieThereIsNoEffect(t *testing.T) {
	t.Parallel()
	for _, lie := range embedded.Lies() {
		t.Run(lie.Name, func(t *testing.T) {
			t.Parallel()
			c := start(t, optionsFor(lie))
			createTopic(t, c, "t", 1, nil)
			require.False(t, effectOf(t, lie)(t, c))
			require.Empty(t, c.LieHits())
		})
	}
}

func effectOf(t *testing.T, lie embedded.Lie) func(*testing.T, *embedded.Cluster) bool {
	t.Helper()
	type list = map[string]func(*testing.T, *embedded.Cluster) bool
	for _, others := range []list{
		endpointEffects, storageEffects, takeoverEffects, zombieEffects, connectionEffects, accessEffects(), groupEffects,
		certificateEffects, transactionEffects, deliveryEffects,
	} {
		if effect, ok := others[lie.Name]; ok {
			return effect
		}
	}
	require.Contains(t, effects, lie.Name)
	return effects[lie.Name]
}

func TestUnknownLieNamesTheNearest(t *testing.T) {
	t.Parallel()
	_, err := embedded.Start(testContext(t), embedded.Options{Lies: []string{"flip-bite"}})
	require.ErrorContains(t, err, `lie "flip-bite" is not known: did you mean "flip-byte"?`)
}

// traffic sends 20 batches of 10 records.
func traffic(t *testing.T, c *embedded.Cluster) []*kgo.Record {
	t.Helper()
	return produce(t, client(t, c, manual()), "t", 0, 20, 10)
}

// exchanged tells whether records of a producer stand in another order than it sent them: all of one key, or each of its own.
func exchanged(t *testing.T, c *embedded.Cluster, key string) bool {
	t.Helper()
	sent := pipelined(t, c, key)
	byValue := map[string]int64{}
	for _, r := range sent {
		byValue[string(r.Value)] = r.Offset
	}
	got := read(t, c, "t", 0)
	require.Len(t, got, len(sent))
	for _, r := range got {
		require.Equal(t, r.Offset, byValue[string(r.Value)], "acks are truthful")
	}
	return !slices.IsSortedFunc(got, func(a, b *kgo.Record) int { return bytes.Compare(a.Value, b.Value) })
}

// pipelined sends many small batches at once, so that several are in flight.
func pipelined(t *testing.T, c *embedded.Cluster, key string) []*kgo.Record {
	t.Helper()
	cl := client(t, c, manual(), kgo.ProducerBatchMaxBytes(600))
	sent := make([]*kgo.Record, 300)
	var done sync.WaitGroup
	for i := range sent {
		sent[i] = record("t", 0, i)
		if key != "" {
			sent[i].Key = []byte(key)
		}
		done.Add(1)
		cl.Produce(testContext(t), sent[i], func(_ *kgo.Record, err error) {
			defer done.Done()
			require.NoError(t, err)
		})
	}
	done.Wait()
	return sent
}

// mixedTraffic sends batches of which some may fail with an error.
func mixedTraffic(t *testing.T, c *embedded.Cluster, want *kerr.Error) (acked, failed int) {
	t.Helper()
	cl := client(t, c, manual())
	for b := range 20 {
		group := make([]*kgo.Record, 10)
		for i := range group {
			group[i] = record("t", 0, b*10+i)
		}
		for _, result := range cl.ProduceSync(testContext(t), group...) {
			if result.Err == nil {
				acked++
				continue
			}
			require.ErrorIs(t, result.Err, want)
			failed++
		}
	}
	return acked, failed
}

func sameValues(a, b []*kgo.Record) bool {
	return slices.EqualFunc(a, b, func(a, b *kgo.Record) bool { return bytes.Equal(a.Value, b.Value) })
}

// stored returns the records of the bucket.
func stored(t *testing.T, c *embedded.Cluster) []objectstore.Record {
	t.Helper()
	ctx := testContext(t)
	store, err := objectstore.Open(ctx, c.ObjectStore())
	require.NoError(t, err)
	defer store.Close()
	var mu sync.Mutex
	var all []objectstore.Record
	_, err = objectstore.Audit(ctx, store, objectstore.AuditOptions{Topics: []string{"t"}},
		func(_ objectstore.AuditObject, records []objectstore.Record) error {
			mu.Lock()
			defer mu.Unlock()
			for _, r := range records {
				r.Value = bytes.Clone(r.Value)
				all = append(all, r)
			}
			return nil
		})
	require.NoError(t, err)
	return all
}

// lateObjects reports whether a segment was written after a moment.
func lateObjects(t *testing.T, c *embedded.Cluster, moment time.Time) bool {
	t.Helper()
	for _, e := range c.RequestLog().Entries() {
		if _, ok := objectstore.KafScale().ParseKey(e.Key); ok && e.Operation == "PutObject" && e.End.After(moment) {
			return true
		}
	}
	return false
}
