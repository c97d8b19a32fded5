package ledger

// txnView is what a judgement needs of a transaction.
type txnView struct {
	from, to uint64
	fate     fate
}

// transactionsView is what a judgement needs of the transactions of a producer, copied.
type transactionsView struct {
	all     []txnView
	visible *bitmap // shown by a final read of what is committed
	early   *bitmap // given to live readers of what is committed before anybody had asked for a commit
	stray   *bitmap // … after it had been aborted

	committed *bitmap // of transactions that were committed: by their answer or, where none came, by what was seen
	aborted   *bitmap // of those that were aborted
	open      *bitmap // of those that nobody ever asked to commit
	hidden    *bitmap // of those that were not committed, or of which nobody knows
}

// newTransactionsView reads the transactions of a producer; the caller holds its lock.
func newTransactionsView(p *Producer) transactionsView {
	v := transactionsView{
		visible: p.visible.copy(), early: p.early.copy(), stray: p.stray.copy(),
		committed: setOf(0, 0), aborted: setOf(0, 0), open: setOf(0, 0), hidden: setOf(0, 0),
	}
	next := p.next.Load()
	for _, t := range p.transactions {
		one := txnView{t.from, min(t.to, next), t.fate}
		if one.fate == fateAsked && anyIn(v.visible, one.from, one.to) {
			one.fate = fateCommitted
		}
		v.all = append(v.all, one)
		switch one.fate {
		case fateCommitted:
			v.committed.AddRange(one.from, one.to)
			continue
		case fateAborted:
			v.aborted.AddRange(one.from, one.to)
		case fateOpen:
			v.open.AddRange(one.from, one.to)
		case fateAsked:
		}
		v.hidden.AddRange(one.from, one.to)
	}
	return v
}

// anyIn tells whether a bitmap has a member within [from, to).
func anyIn(b *bitmap, from, to uint64) bool { return countIn(b, from, to) > 0 }

// countIn counts the members within [from, to).
func countIn(b *bitmap, from, to uint64) uint64 {
	if from >= to {
		return 0
	}
	n := b.Rank(to - 1)
	if from > 0 {
		n -= b.Rank(from - 1)
	}
	return n
}

// transactional tells whether the run had any transactions.
func (j *judging) transactional() bool {
	for _, p := range j.producers {
		if len(p.txns.all) > 0 {
			return true
		}
	}
	return false
}

// transactionEvidence counts what there was to go by.
func (j *judging) transactionEvidence() TransactionEvidence {
	e := j.processed
	for _, p := range j.producers {
		for _, t := range p.txns.all {
			switch t.fate {
			case fateCommitted:
				e.Committed++
				if n := countIn(p.txns.visible, t.from, t.to); n > 1 && n == countIn(p.acked, t.from, t.to) {
					e.Whole++
				}
			case fateAborted:
				e.Aborted++
			case fateOpen:
				e.Abandoned++
			case fateAsked:
				e.Unknown++
			}
		}
		hidden := p.acked.Clone()
		hidden.And(p.txns.hidden)
		for _, shown := range [...]*bitmap{p.txns.visible, p.txns.early, p.txns.stray} {
			hidden.AndNot(shown)
		}
		e.Hidden += int64(hidden.GetCardinality())
	}
	e.CommittedReads = j.committedReads
	return e
}
