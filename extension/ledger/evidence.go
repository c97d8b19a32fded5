package ledger

import "github.com/RoaringBitmap/roaring/v2/roaring64"

// Evidence counts what the rules had to go by, in records. A rule that found nothing wrong among zero records has proven nothing.
type Evidence struct {
	AckedFound     int64 `json:"ackedFound"`     // acked, with or without offset, and in a final read
	Ordered        int64 `json:"ordered"`        // acked, found, and of a producer whose order SEND_REORDER judges
	Keyed          int64 `json:"keyed"`          // found, and of a producer to which PARTITIONER applies
	InObjects      int64 `json:"inObjects"`      // sound records of this run in the objects of complete audits
	AckedInObjects int64 `json:"ackedInObjects"` // offsets acked among those
	Covered        int64 `json:"covered"`        // offsets acked that an object covers whose first write is timed

	ForeseenLost       int64 `json:"foreseenLost"`       // acked, lost, and meant to be: see [Foreseen]
	ForeseenDuplicates int64 `json:"foreseenDuplicates"` // second copies that were meant to be there

	MetadataSeen int64 `json:"metadataSeen"` // metadata answers whose addresses were compared with the promised endpoint

	Heals             int64 `json:"heals"`             // how often the last disturbance ended
	AckedDisturbed    int64 `json:"ackedDisturbed"`    // acked while a disturbance was active
	AckedAfterHeal    int64 `json:"ackedAfterHeal"`    // acked, and sent after the last heal
	ReadAfterHeal     int64 `json:"readAfterHeal"`     // given to live readers after the last heal
	PartitionsWritten int64 `json:"partitionsWritten"` // with an acked record, or one that was sent after the last heal
	PartitionsHealed  int64 `json:"partitionsHealed"`  // among them: with a record sent after the last heal, and acked

	Transactions TransactionEvidence `json:"transactions,omitzero"` // of producers and of consume-transform-produce

	Access AccessEvidence `json:"access,omitzero"` // what principals were granted and denied
}

// evidence counts for a judgement.
func (j *judging) evidence(foreseen []Finding) Evidence {
	e := Evidence{
		ForeseenLost: totalOf(foreseen, LostAcked), ForeseenDuplicates: totalOf(foreseen, Duplicate),
	}
	if j.options.Endpoint != "" {
		e.MetadataSeen = j.ledger.metadata.answers()
	}
	j.ledger.disturbances.evidence(&e, j.parts)
	e.Transactions = j.transactionEvidence()
	e.Access = j.ledger.access.evidence()
	for _, p := range j.producers {
		e.AckedFound += int64(p.ackedFound)
		if p.options.Ordered {
			e.Ordered += int64(p.acked.AndCardinality(p.found))
		}
		if p.options.Keyed {
			e.Keyed += int64(p.found.GetCardinality())
		}
	}
	j.ledger.mu.RLock()
	audits := j.ledger.audits
	j.ledger.mu.RUnlock()
	for _, a := range audits {
		parts := a.parts.all()
		for _, v := range j.parts {
			if part, ok := parts[v.p.tp]; ok && part.complete {
				v.p.mu.Lock()
				e.addAudit(j.ledger, v, part)
				v.p.mu.Unlock()
			}
		}
	}
	return e
}

// addAudit adds what an audit says of one partition; the caller holds the partition's lock.
func (e *Evidence) addAudit(l *Ledger, v *partView, a *auditPart) {
	inObjects := a.held.copy()
	inObjects.Or(a.differs.bitmap())
	timed := roaring64.New()
	for _, o := range a.objects {
		if !o.Written.IsZero() && o.Base <= o.Last {
			timed.AddRange(uint64(o.Base), uint64(o.Last+1))
		}
	}
	acked := roaring64.New()
	v.p.acks.runs(v.p.acks.cut(), func(r ackRun) { acked.AddRange(uint64(r.from), uint64(r.to)) })
	gone := v.lost.copy() // what stands at the offset of a lost record was acked only if it shares that offset
	for _, g := range v.groups {
		if len(g.standing) > 0 {
			gone.Remove(uint64(g.offset))
		}
	}
	acked.AndNot(gone)
	inObjects.AndNot(v.ofSiblings(l))
	e.InObjects += int64(inObjects.GetCardinality())
	e.AckedInObjects += int64(inObjects.AndCardinality(acked))
	e.Covered += int64(timed.AndCardinality(acked))
}
