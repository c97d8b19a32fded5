package ledger

import "fmt"

// TORN_TXN: a transaction is atomic (KIP-98): some records of one that was committed are shown by no final read of what is committed,
// though they were acked and the final reads show that they are in the log. One whose commit was never answered was committed if any of its
// records is shown. There is one finding for each such transaction. Where a record is lost, LOST_ACKED tells of it; where reads disagree,
// INCONSISTENT_OFFSET does.
func (j *judging) tornTxn() {
	want := map[Serial]*txnView{}
	for _, p := range j.producers {
		missing := p.txns.committed.Clone()
		missing.And(p.acked)
		missing.And(p.found)
		missing.AndNot(p.txns.visible)
		missing.AndNot(p.explained)
		i := 0
		each(missing, func(sequence int64) bool {
			for p.txns.all[i].to <= uint64(sequence) {
				i++
			}
			want[p.serial(uint64(sequence))] = &p.txns.all[i]
			return len(want) < maxCopies
		})
	}
	if len(want) == 0 {
		return
	}
	torn, order := map[*txnView]*tornView{}, []*tornView{}
	j.eachShown(func(v *partView, offset int64, s Serial) {
		t := want[s]
		if t == nil || v.committedReads == 0 || v.corrupt.Contains(uint64(offset)) {
			return
		}
		if torn[t] == nil {
			torn[t] = &tornView{txn: t, first: place{v, offset}, serial: s}
			order = append(order, torn[t])
		}
		torn[t].missing++
	})
	for _, t := range order {
		j.out.add(TornTxn, func() Finding {
			p := j.producer(t.serial)
			f := j.record(t.first.v.about(t.first.offset), t.serial)
			f.Detail = fmt.Sprintf("%d of the %d acked records of a committed transaction are not shown to readers of what is committed, "+
				"this one first", t.missing, countIn(p.acked, t.txn.from, t.txn.to))
			return f
		})
	}
}

// tornView is a committed transaction that is not whole.
type tornView struct {
	txn     *txnView
	first   place
	serial  Serial
	missing int
}
