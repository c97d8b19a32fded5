package ledger

import "fmt"

// OBJECT_MISMATCH: the bucket and the log, not the ledger, disagree: a record of the final reads is in no object, an object holds a
// record that the log does not show below its end, the contents differ, or two objects hold different records at one offset. It is
// judged for partitions whose audit and at least one of whose final reads are complete. Offsets that are CORRUPT in the log or at
// which reads differ are left to these rules. An object that was overwritten is evidence of what is told of its offsets, by this rule or by
// REWRITE, and a finding of its own where nothing is.
func (j *judging) objectMismatch(v *partView, a *auditPart) {
	if len(v.complete) == 0 {
		return
	}
	skip := v.corrupt.Clone()
	skip.Or(v.differing)
	skip.Or(a.clash.bitmap())
	stored := a.stored()

	missing := v.returned.Clone()
	missing.AndNot(stored)
	missing.AndNot(skip)
	j.disagree(v, a, missing, "is in the log but in no object")

	extra := stored.Clone()
	extra.And(setOf(max(v.low, v.p.trimmed), v.least))
	extra.AndNot(v.returned)
	extra.AndNot(skip)
	j.disagree(v, a, extra, "is in an object, but the log does not show it")

	changed := a.changed(v)
	changed.AndNot(skip)
	j.disagree(v, a, changed, "differs between the object and the log")

	for _, d := range a.damaged {
		j.out.add(ObjectMismatch, func() Finding {
			f := v.about(-1)
			f.Object, f.Detail = d.key, "is damaged: "+d.reason
			return f
		})
	}
	for _, c := range a.clashes.kept {
		j.out.add(ObjectMismatch, func() Finding {
			f := j.held(v, c.offset)
			f.Object, f.Detail = c.object, "holds another record at this offset than another object"
			if o := j.overwriteAt(v, c.offset); o != nil {
				f.Detail += "; " + o.String()
			}
			return f
		})
	}
	j.out.fold(ObjectMismatch, v.p.tp, a.clashes.total-int64(len(a.clashes.kept)))
	j.tellOverwrites(v, a.clash.bitmap())
}

// stored returns all offsets at which objects hold something.
func (p *auditPart) stored() *bitmap {
	all := p.held.copy()
	all.Or(p.differs.bitmap())
	all.Or(p.ignored.bitmap())
	for offset := range p.odd.hashes {
		all.Add(uint64(offset))
	}
	return all
}

// changed returns the offsets at which both the object and the log hold something, but not the same.
func (p *auditPart) changed(v *partView) *bitmap {
	all := setOf(0, 0)
	each(p.differs.copy(), func(offset int64) bool {
		_, read := v.p.views(offset)
		same := v.shown.Contains(uint64(offset)) && read.serial() == p.other.get(offset).serial()
		if !same && v.returned.Contains(uint64(offset)) {
			all.Add(uint64(offset))
		}
		return true
	})
	for offset, content := range p.odd.hashes {
		if v.returned.Contains(uint64(offset)) && !v.oddHolds(offset, content) {
			all.Add(uint64(offset))
		}
	}
	unsound := p.held.copy() // sound in the object, something else in the log
	unsound.And(v.returned)
	unsound.AndNot(v.shown)
	all.Or(unsound)
	return all
}

// oddHolds tells whether a final read shows this very content, which is no sound record of this run.
func (v *partView) oddHolds(offset int64, content uint64) bool {
	for _, f := range v.complete {
		if seen, ok := f.odd.get(offset); ok && seen == content {
			return true
		}
	}
	return false
}

func (j *judging) disagree(v *partView, a *auditPart, offsets *bitmap, detail string) {
	j.tellOverwrites(v, offsets)
	each(offsets, func(offset int64) bool {
		j.out.add(ObjectMismatch, func() Finding {
			f := j.held(v, offset)
			f.Object, f.Detail = a.objectAt(offset), fmt.Sprintf("the record at offset %d %s", offset, detail)
			if f.Record == "" && a.differs.contains(uint64(offset)) {
				f = j.record(f, a.other.get(offset).serial())
			}
			if o := j.overwriteAt(v, offset); o != nil {
				f.Detail += "; " + o.String()
			}
			return f
		})
		return true
	})
}

// objectAt names the object that holds an offset.
func (p *auditPart) objectAt(offset int64) string {
	for _, s := range p.sources.kept {
		if s.offset == offset {
			return s.object
		}
	}
	for _, o := range p.objects {
		if o.Base <= offset && offset <= o.Last {
			return o.Key
		}
	}
	return ""
}
