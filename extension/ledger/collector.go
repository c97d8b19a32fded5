package ledger

import "time"

// collector gathers findings by rule: a few lines of evidence, and exact counts.
type collector struct {
	most  int
	lines map[Code][]Finding
	more  map[Code]int64
}

// add keeps the finding if its rule has room, and counts it anyway. It is made only if it is kept.
func (c *collector) add(code Code, finding func() Finding) {
	if len(c.lines[code]) >= c.most {
		c.more[code]++
		return
	}
	f := finding()
	f.Code = code
	c.lines[code] = append(c.lines[code], f)
}

// fold counts n findings without evidence of their own.
func (c *collector) fold(code Code, n int64) { c.more[code] += n }

// findings returns all lines in the order of the rules.
func (c *collector) findings() []Finding {
	all := []Finding{}
	for _, rule := range Rules() {
		lines := c.lines[rule.Code]
		more := c.more[rule.Code]
		if len(lines) == 0 && more > 0 {
			lines = []Finding{{Code: rule.Code, Partition: -1, Offset: -1, Sequence: -1, Detail: "no evidence was kept"}}
			more--
		}
		if len(lines) > 0 {
			lines[len(lines)-1].Count += more
		}
		all = append(all, lines...)
	}
	return all
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
