package ledger

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Foreseen says that a fault of this run breaks a promise on purpose: so many findings of a rule must come of it. Exactly so many prove
// that the machine notices, and are no findings against the target; fewer cast doubt on the run, and what is beyond counts as ever.
type Foreseen struct {
	// Code of the rule; LOST_ACKED stands for LOST_SUFFIX too. The findings must name their topic: LOST_ACKED, DUPLICATE and CORRUPT do.
	Code  Code
	Topic string
	// Partition; −1 for any of the topic.
	Partition int32
	// Records is the number of findings: of lost records, or of second copies.
	Records int64
	// AnyNumber says that the fault may bring about any number of them in the topic, none included: what readers were shown on purpose
	// they may have asked for again.
	AnyNumber bool
	// Why names the fault: "the proxy dropped 30 records".
	Why string
}

// foresight is what is foreseen, by what it is about.
type foresight map[foreseenTopic]*foreseenCounts

type foreseenTopic struct {
	code  Code
	topic string
}

type foreseenCounts struct {
	in        map[int32]int64 // by partition; −1: any
	anyNumber bool
	why       []string
}

func newForesight(all []Foreseen) foresight {
	out := foresight{}
	for _, f := range all {
		key := foreseenTopic{lossOf(f.Code), f.Topic}
		if out[key] == nil {
			out[key] = &foreseenCounts{in: map[int32]int64{}}
		}
		out[key].in[max(f.Partition, -1)] += max(f.Records, 0)
		out[key].anyNumber = out[key].anyNumber || f.AnyNumber
		if f.Why != "" && !slices.Contains(out[key].why, f.Why) {
			out[key].why = append(out[key].why, f.Why)
		}
	}
	return out
}

// lossOf gives the code under which findings of a rule are foreseen: where a dropped record should have stood decides by which of two
// names its loss is called.
func lossOf(rule Code) Code {
	code, _ := splitRule(rule)
	if code == LostSuffix {
		return LostAcked
	}
	return code
}

// concerns tells whether findings of a rule are foreseen anywhere.
func (f foresight) concerns(rule Code) bool {
	for key := range f {
		if key.code == lossOf(rule) {
			return true
		}
	}
	return false
}

// in tells whether findings of a rule are foreseen in a topic.
func (f foresight) in(rule Code, topic string) bool {
	return len(f) > 0 && topic != "" && f[foreseenTopic{lossOf(rule), topic}] != nil
}

func (c *foreseenCounts) total() (n int64) {
	for _, records := range c.in {
		n += records
	}
	return n
}

// weigh compares what was found by partition with what was foreseen: missed is what did not come, and beyond are the partitions with
// findings that no entry has room for.
func (c *foreseenCounts) weigh(found map[int32]int64) (missed int64, beyond map[int32]bool) {
	if c.anyNumber {
		return 0, nil
	}
	beyond = map[int32]bool{}
	surplus := int64(0)
	for partition, n := range found {
		if partition >= 0 {
			n -= c.in[partition]
		}
		if n > 0 {
			surplus += n
			beyond[partition] = true
		}
	}
	for partition, n := range c.in {
		if partition >= 0 {
			missed += max(n-found[partition], 0)
		}
	}
	if anywhere := c.in[-1]; surplus <= anywhere {
		return missed + anywhere - surplus, nil
	}
	return missed, beyond
}

// foreseenFindings tells the findings that faults were to bring about from all others, and doubts those that did not come.
func (j *judging) foreseenFindings() (foreseen, others []Finding) {
	topics := slices.SortedFunc(maps.Keys(j.out.foreseen), func(a, b foreseenTopic) int {
		return cmp.Or(cmp.Compare(a.code, b.code), cmp.Compare(a.topic, b.topic))
	})
	all := map[foreseenTopic]func(bucketKey) bool{}
	for _, t := range topics {
		all[t] = j.foreseenIn(t)
	}
	expected := func(key bucketKey) bool {
		in, ok := all[foreseenTopic{lossOf(key.rule), key.Topic}]
		return ok && in(key)
	}
	return j.out.findings(expected), j.out.findings(func(key bucketKey) bool { return !expected(key) })
}

// foreseenIn tells which buckets of a topic were foreseen.
func (j *judging) foreseenIn(t foreseenTopic) func(bucketKey) bool {
	counts, found, byRule := j.out.foreseen[t], map[int32]int64{}, map[Code]map[int32]int64{}
	total := int64(0)
	for key, b := range j.out.buckets {
		if key.Topic == t.topic && lossOf(key.rule) == t.code {
			if byRule[key.rule] == nil {
				byRule[key.rule] = map[int32]int64{}
			}
			byRule[key.rule][key.Partition] += b.total()
			found[key.Partition] += b.total()
			total += b.total()
		}
	}
	missed, beyond := counts.weigh(found)
	// Where one of the two names of a loss comes just as often as foreseen, the findings of the other name are what is beyond.
	for _, rule := range slices.Sorted(maps.Keys(byRule)) {
		if less, more := counts.weigh(byRule[rule]); len(beyond) > 0 && less == 0 && len(more) == 0 {
			return func(key bucketKey) bool { return key.rule == rule }
		}
	}
	if missed > 0 {
		j.doubt(ForeseenMissed, fmt.Sprintf("%d findings of %s in %s were foreseen (%s), and %d of them did not come: %d were found",
			counts.total(), t.code, t.topic, strings.Join(counts.why, "; "), missed, total))
	}
	return func(key bucketKey) bool { return !beyond[key.Partition] }
}

// totalOf counts the findings of a rule, folded ones included, whose code is foreseen under another.
func totalOf(all []Finding, code Code) (n int64) {
	for _, f := range all {
		if lossOf(f.Code) == code {
			n += 1 + f.Count
		}
	}
	return n
}
