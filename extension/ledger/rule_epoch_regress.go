package ledger

import "fmt"

// epochDrop is a record whose leader epoch is lower than that of the record before it.
type epochDrop struct {
	offset, before int64
	epoch, higher  int32
	reader         string
}

// epochMark is the last record of a final read whose leader epoch is known.
type epochMark struct {
	known  bool
	offset int64
	epoch  int32
}

// followEpoch compares the leader epoch of the next record of a final read with the one before; the caller holds the partition's lock.
// Below zero it is not known: older formats and some systems do not say.
func (m *finalPart) followEpoch(p *partition, offset int64, epoch int32) {
	if epoch < 0 || m.epoch.known && offset <= m.epoch.offset {
		return
	}
	if m.epoch.known && epoch < m.epoch.epoch && p.epochDropped.add(uint64(offset)) {
		p.epochDrops.add(epochDrop{offset, m.epoch.offset, epoch, m.epoch.epoch, m.name})
	}
	m.epoch = epochMark{true, offset, epoch}
}

// EPOCH_REGRESS: along the log, in a final read, the leader epoch of a record is lower than that of the record before it. A leader writes
// its epoch into the batches that it appends, and each new leader has a greater one (KIP-101, KIP-279); followers and consumers tell by it
// whether logs have parted (KIP-320). Where what stands at one of the two offsets was rewritten, or differs between reads, that is the
// story, and it is not told again.
func (j *judging) epochRegress(v *partView) {
	told := int64(0)
	for _, d := range v.p.epochDrops.kept {
		if v.disputed(d.offset) || v.disputed(d.before) {
			continue
		}
		told++
		j.out.add(EpochRegress, func() Finding {
			f := j.held(v, d.offset)
			f.Reader = d.reader
			f.Detail = fmt.Sprintf("its leader epoch is %d, and that of the record before it, at offset %d, is %d", d.epoch, d.before, d.higher)
			return f
		})
	}
	if told > 0 {
		j.out.fold(EpochRegress, v.p.tp, v.p.epochDrops.total-int64(len(v.p.epochDrops.kept)))
	}
}

// disputed tells whether reads do not agree on what an offset holds, or it changed.
func (v *partView) disputed(offset int64) bool {
	at := uint64(offset)
	return v.rewritten.Contains(at) || v.differing.Contains(at)
}
