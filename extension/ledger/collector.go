package ledger

import (
	"slices"
	"strings"
	"time"
)

// collector gathers findings by rule: a few lines of evidence, and exact counts.
type collector struct {
	most     int
	foreseen foresight
	buckets  map[bucketKey]*bucket
}

// bucketKey is a rule, and the partition too where findings of it are foreseen in its topic: these are counted one by one.
type bucketKey struct {
	rule Code // with its aspect
	TopicPartition
}

// bucket holds the findings of one key.
type bucket struct {
	lines []Finding
	more  int64 // beyond the lines
}

func (b *bucket) total() int64 {
	n := b.more
	for _, f := range b.lines {
		n += 1 + f.Count
	}
	return n
}

func newCollector(o JudgeOptions) collector {
	return collector{most: o.MaxEvidence, foreseen: newForesight(o.Foreseen), buckets: map[bucketKey]*bucket{}}
}

// add counts one finding, and keeps it if its rule has room. It is made only if it is kept, or if its place decides whether it was
// foreseen.
func (c *collector) add(rule Code, finding func() Finding) {
	if !c.foreseen.concerns(rule) {
		if b := c.bucket(bucketKey{rule: rule}); len(b.lines) >= c.most {
			b.more++
			return
		}
	}
	c.put(rule, finding())
}

// put keeps a finding, which may stand for more than one, if its rule has room, and counts it anyway.
func (c *collector) put(rule Code, f Finding) {
	b := c.bucket(c.key(rule, TopicPartition{f.Topic, f.Partition}))
	if len(b.lines) >= c.most {
		b.more += 1 + f.Count
		return
	}
	f.Code, f.Aspect = splitRule(rule)
	b.lines = append(b.lines, f)
}

// fold counts n findings of a partition without evidence of their own; the zero partition stands for none.
func (c *collector) fold(rule Code, tp TopicPartition, n int64) {
	if n > 0 {
		c.bucket(c.key(rule, tp)).more += n
	}
}

func (c *collector) key(rule Code, tp TopicPartition) bucketKey {
	if c.foreseen.in(rule, tp.Topic) {
		return bucketKey{rule, tp}
	}
	return bucketKey{rule: rule}
}

func (c *collector) bucket(key bucketKey) *bucket {
	b, ok := c.buckets[key]
	if !ok {
		b = &bucket{}
		c.buckets[key] = b
	}
	return b
}

// findings returns the lines of the chosen buckets in the order of the rules.
func (c *collector) findings(chosen func(bucketKey) bool) []Finding {
	all := []Finding{}
	for _, rule := range Rules() {
		merged := &bucket{}
		for _, key := range c.keys(rule.Name()) {
			if chosen(key) {
				merged.take(c.buckets[key], c.most)
			}
		}
		if len(merged.lines) == 0 && merged.more > 0 {
			merged.lines = []Finding{{
				Code: rule.Code, Aspect: rule.Aspect, Partition: -1, Offset: -1, Sequence: -1, Detail: "no evidence was kept",
			}}
			merged.more--
		}
		if len(merged.lines) > 0 {
			merged.lines[len(merged.lines)-1].Count += merged.more
		}
		all = append(all, merged.lines...)
	}
	return all
}

// keys gives the buckets of a rule by topic and partition.
func (c *collector) keys(rule Code) []bucketKey {
	var keys []bucketKey
	for key := range c.buckets {
		if key.rule == rule {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b bucketKey) int { return a.compare(b.TopicPartition) })
	return keys
}

// take adds another bucket, of which it lists only as many lines as there may be.
func (b *bucket) take(other *bucket, most int) {
	n := min(len(other.lines), most-len(b.lines))
	b.lines = append(b.lines, other.lines[:n]...)
	b.more += other.more
	for _, f := range other.lines[n:] {
		b.more += 1 + f.Count
	}
}

// splitRule splits a rule into its code and its aspect.
func splitRule(rule Code) (code Code, aspect string) {
	before, after, _ := strings.Cut(string(rule), "/")
	return Code(before), after
}

// about starts a finding about an offset of a partition.
func (v *partView) about(offset int64) Finding {
	return Finding{Topic: v.p.tp.Topic, Partition: v.p.tp.Partition, Offset: offset, Sequence: -1}
}

// record names the record in a finding.
func (j *judging) record(f Finding, s Serial) Finding {
	f.Record, f.Sequence = j.ledger.uuidOf(s), int64(s.Sequence())
	if p := j.producer(s); p != nil {
		f.Producer = p.options.Name
	}
	return f
}

// held names the record that acks or else reads claim for an offset, if any.
func (j *judging) held(v *partView, offset int64) Finding {
	f := v.about(offset)
	acked, read := v.p.views(offset)
	switch {
	case read != 0:
		return j.record(f, read.serial())
	case acked != 0:
		return j.record(f, acked.serial())
	}
	return f
}

func (f Finding) seen(reader string, at time.Time) Finding {
	f.Reader, f.Time = reader, stamp(at)
	return f
}

// ackTime returns when an offset was acked, as text; the caller holds the partition's lock.
func (v *partView) ackTime(offset int64) string {
	end, text := v.p.acks.cut(), ""
	v.p.acks.runs(end, func(r ackRun) {
		if text == "" && r.from <= offset && offset < r.to {
			text = stamp(time.UnixMicro(r.at))
		}
	})
	return text
}

func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format("2006-01-02T15:04:05.000000Z")
}
