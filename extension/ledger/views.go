package ledger

import "github.com/RoaringBitmap/roaring/v2/roaring64"

// producerView is what a judgement needs of a producer, copied.
type producerView struct {
	options ProducerOptions
	number  uint32
	name    string

	acked, failed, found, duplicated *roaring64.Bitmap

	clashed   *roaring64.Bitmap // acked at an offset at which another record was, and neither is lost
	explained *roaring64.Bitmap // stands where another rule tells the story already
	plain     bool              // nothing is duplicated or explained; filled before the scan

	bare       *roaring64.Bitmap // acked without offset and without excuse
	ackedFound uint64            // acked, with or without offset, and found
	missing    *roaring64.Bitmap // acked, and not found, not even garbled
	mismatched *roaring64.Bitmap // found elsewhere than acked; filled by the scan
	gone       *roaring64.Bitmap // seen by a live reader, of unknown outcome, and not found

	txns transactionsView
}

func newProducerView(p *Producer) *producerView {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sibling {
		return newSiblingView(p)
	}
	v := &producerView{
		options: p.options, number: p.number, name: p.options.Name,
		acked: p.acked.copy(), failed: p.failed.copy(), found: p.foundAny(), bare: p.bare.copy(),
		duplicated: p.duplicated.copy(), explained: p.explained.copy(), clashed: p.clashed.copy(),
		mismatched: roaring64.New(), txns: newTransactionsView(p),
	}
	v.missing = v.acked.Clone()
	v.missing.Or(p.suspicious.bitmap())
	v.gone = union(p.seen)
	v.gone.AndNot(v.missing)
	v.gone.AndNot(v.found)
	v.ackedFound = v.missing.AndCardinality(v.found)
	v.missing.AndNot(v.found)
	v.missing.AndNot(p.garbled.bitmap())
	v.missing.AndNot(v.txns.hidden) // a target may forget what was never committed
	v.gone.AndNot(p.garbled.bitmap())
	return v
}

// newSiblingView says nothing of what another instance has sent: only it can.
func newSiblingView(p *Producer) *producerView {
	none := roaring64.New()
	return &producerView{
		number: p.number, acked: none, failed: none, found: none, duplicated: none, bare: none, missing: none, gone: none, clashed: none,
		explained: p.explained.copy(), mismatched: roaring64.New(), txns: newTransactionsView(p),
	}
}

func (p *producerView) serial(sequence uint64) Serial { return newSerial(p.number, sequence) }

// partView is what a judgement needs of a partition.
type partView struct {
	p        *partition
	concerns bool // the run wrote to it, or owns it
	complete []*finalPart
	covering []*finalPart // these or, of several instances, also those that ended while others were still sending
	low      int64        // greatest log start offset that complete final reads saw
	least    int64        // least offset that all complete final reads reached
	reached  int64        // greatest offset that one of them reached

	shown     *roaring64.Bitmap // offsets at which a final read shows a record of this run
	returned  *roaring64.Bitmap // offsets at which a final read shows anything
	uneven    *roaring64.Bitmap // offsets at which one complete final read shows something and another nothing
	differing *roaring64.Bitmap // uneven, and offsets at which reads show different records
	corrupt   *roaring64.Bitmap // offsets at which a final read shows a corrupt record
	anonymous *roaring64.Bitmap
	twoAcks   *roaring64.Bitmap

	groups []ackGroup // acked at one offset

	lost       set // offsets whose acked record is lost; filled by the scan
	confirmed  set // offsets whose acked record a final read shows there; filled by the scan
	mismatched set // offsets whose acked record is found elsewhere; filled by the scan

	inOutage  *roaring64.Bitmap    // offsets of which ACK_IN_OUTAGE tells
	earlyTold *roaring64.Bitmap    // offsets that were acked before the bytes, of which ACK_IN_OUTAGE tells the reason
	rewritten *roaring64.Bitmap    // offsets at which REWRITE tells the story
	passed    map[int64][]passedBy // offsets of these, and who had read them
	reordered map[uint32]bool      // producers of which SEND_REORDER tells; filled by the scan

	keyReordered map[uint32]bool // producers of which KEY_REORDER tells

	suffix bool // LOST_SUFFIX tells of the end; filled by the scan
	stale  bool // STALE_END does

	committedReads int // complete ones of what is committed; filled by completeness
}

// newPartView reads a partition; the caller holds its lock.
func newPartView(p *partition, finals int, merged bool) *partView {
	v := &partView{
		p: p, concerns: p.topic.owned.Load() || p.highest >= 0 || len(p.suspicious) > 0,
		shown: roaring64.New(), returned: roaring64.New(), rewritten: roaring64.New(), reordered: map[uint32]bool{},
		keyReordered: map[uint32]bool{}, passed: map[int64][]passedBy{}, inOutage: roaring64.New(), earlyTold: roaring64.New(),
		corrupt: p.corruptFinal.copy(), anonymous: p.anonymous.copy(), twoAcks: p.twoAcks.copy(), differing: p.differing.copy(),
	}
	for i := range finals {
		f := p.finalAt(i)
		if f == nil {
			continue
		}
		v.shown.Or(f.shown.bitmap())
		v.returned.Or(f.returned.bitmap())
		if f.missesOf(p) == "" {
			v.complete = append(v.complete, f)
		}
		if merged && f.begun && f.ended {
			v.covering = append(v.covering, f)
		}
	}
	if !merged {
		v.covering = v.complete
	}
	v.bound()
	v.uneven = v.unevenOffsets()
	v.differing.Or(v.uneven)
	return v
}

// bound sets what the complete final reads covered.
func (v *partView) bound() {
	for i, f := range v.complete {
		v.low = max(v.low, f.start.LogStart, f.end.LogStart)
		v.reached = max(v.reached, f.end.Reached)
		if i == 0 || f.end.Reached < v.least {
			v.least = f.end.Reached
		}
	}
}

// unevenOffsets gives the offsets at which one read returns something and another, which covered them, nothing.
func (v *partView) unevenOffsets() *roaring64.Bitmap {
	anywhere, uneven, low := roaring64.New(), roaring64.New(), v.low
	for _, f := range v.covering {
		anywhere.Or(f.returned.bitmap())
		low = max(low, f.start.LogStart, f.end.LogStart)
	}
	for _, f := range v.covering {
		missing := setOf(low, f.end.Reached)
		missing.And(anywhere)
		missing.AndNot(f.returned.bitmap())
		uneven.Or(missing)
	}
	return uneven
}

// eachClaim visits all claims in the order of offsets; the caller holds the partition's lock.
func (v *partView) eachClaim(visit func(offset int64, acked, read cell)) {
	v.p.claims.pages(func(number int64, cells *page) {
		for i, c := range cells {
			if c == 0 {
				continue
			}
			offset := number<<pageBits + int64(i)
			if c.flags() == 3 {
				visit(offset, c&^flagRead, c&^flagAcked)
				continue
			}
			acked, read := split(c, v.p.other.peek(offset))
			visit(offset, acked, read)
		}
	})
}
