package ledger

// overwrittenObject is an object that was overwritten, with the offsets [from, to) that it is known to cover.
type overwrittenObject struct {
	*overwrite
	from, to int64
	told     bool // it is evidence of another finding
}

// overwrites gives the overwritten objects of a partition; the caller holds its lock.
func (j *judging) overwrites(v *partView) []*overwrittenObject {
	if known, ok := j.overwritten[v.p.tp]; ok {
		return known
	}
	all := []*overwrittenObject{}
	for _, o := range j.ledger.objects.overwrites(v.p.tp) {
		one := &overwrittenObject{overwrite: o, from: max(o.base, 0), to: max(o.base, 0) + 1}
		for _, a := range j.auditsOf(v) {
			for _, object := range a.objects {
				if object.Key == o.key {
					one.from, one.to = object.Base, object.Last+1
				}
			}
		}
		all = append(all, one)
	}
	j.overwritten[v.p.tp] = all
	return all
}

// overwriteAt gives the overwritten object that covers an offset, or nil, and notes that it was told.
func (j *judging) overwriteAt(v *partView, offset int64) *overwrittenObject {
	for _, o := range j.overwrites(v) {
		if o.from <= offset && offset < o.to {
			return o
		}
	}
	return nil
}

// tellOverwrites notes the overwritten objects that cover offsets of which another finding tells.
func (j *judging) tellOverwrites(v *partView, offsets *bitmap) {
	for _, o := range j.overwrites(v) {
		o.told = o.told || offsets.AndCardinality(setOf(o.from, o.to)) > 0
	}
}

// auditsOf gives what audits found of a partition.
func (j *judging) auditsOf(v *partView) (all []*auditPart) {
	j.ledger.mu.RLock()
	audits := j.ledger.audits
	j.ledger.mu.RUnlock()
	for _, a := range audits {
		if part, ok := a.parts.all()[v.p.tp]; ok {
			all = append(all, part)
		}
	}
	return all
}

// objectAt names the object that holds an offset, if an audit found one.
func (j *judging) objectAt(v *partView, offset int64) string {
	for _, a := range j.auditsOf(v) {
		if key := a.objectAt(offset); key != "" {
			return key
		}
	}
	return ""
}

// objectsOverwritten is OBJECT_MISMATCH for the overwritten objects that are evidence of no other finding.
func (j *judging) objectsOverwritten() {
	for _, v := range j.parts {
		v.p.mu.Lock()
		j.tellOverwrites(v, v.rewritten)
		for _, o := range j.overwrites(v) {
			if o.told {
				continue
			}
			j.out.add(ObjectMismatch, func() Finding {
				f := v.about(o.base)
				f.Object, f.Time, f.Detail = o.key, stamp(o.after.at), o.String()
				return f
			})
		}
		v.p.mu.Unlock()
	}
	j.out.fold(ObjectMismatch, TopicPartition{}, j.ledger.objects.notKept())
}
