package ledger_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

// committedRead reads both partitions as read_committed does: without the records whose transactions were not committed, and without those
// that are left out on purpose.
func (h *history) committedRead(hidden ...ledger.Made) {
	c := h.l.NewCommittedRead("read of what is committed")
	for p := range int32(2) {
		c.Begin(tp(p), ledger.Ends{Listed: h.end(p), HighWatermark: -1})
		log := c.Log(tp(p))
		for _, r := range h.logs[p] {
			if r == nil {
				continue
			}
			id := h.l.Identify(*r)
			if !slices.ContainsFunc(hidden, func(m ledger.Made) bool { return id.Known && m.Serial == id.Serial }) {
				log.Read(r)
			}
		}
		c.End(tp(p), ledger.Ends{Listed: h.end(p), HighWatermark: h.end(p), Reached: h.end(p), EmptyAtEnd: true})
	}
}

// transaction sends records to both partitions, one after the other, and a marker to each.
func (h *history) transaction(p *ledger.Producer, n int, end func(*ledger.Transaction)) []ledger.Made {
	t := p.BeginTransaction()
	var all []ledger.Made
	for i := range n {
		all = append(all, h.send(p, int32(i%2)))
	}
	end(t)
	h.put(0, nil)
	h.put(1, nil)
	return all
}

func commit(t *ledger.Transaction)  { t.Committing(); t.Committed() }
func abort(t *ledger.Transaction)   { t.Aborted() }
func unknown(t *ledger.Transaction) { t.Committing() }
func leave(*ledger.Transaction)     {}

// complete is the final phase of a run with transactions.
func (h *history) complete(hidden ...ledger.Made) {
	h.finish()
	h.committedRead(hidden...)
	h.committedRead(hidden...)
}

func (h *history) committedReader() *ledger.Reader {
	return h.l.NewReader(ledger.ReaderOptions{Name: "r", Group: "committed", Committed: true})
}

func TestTransactionsThatAreKeptRaiseNothing(t *testing.T) {
	t.Parallel()
	judgeAll(t, []scenario{
		{name: "committed, aborted, left open, of unknown outcome", run: func(h *history) {
			p := h.producer()
			h.send(p, 0)
			h.transaction(p, 4, commit)
			hidden := h.transaction(p, 4, abort)
			h.transaction(p, 4, unknown) // it was committed, it turns out
			hidden = append(hidden, h.transaction(p, 4, unknown)...)
			hidden = append(hidden, h.transaction(p, 3, leave)...)
			h.transaction(p, 1, commit)
			h.complete(hidden...)
		}},
		{name: "a reader of what is committed goes past what is not", run: func(h *history) {
			p := h.producer()
			h.transaction(p, 2, commit)
			aborted := h.transaction(p, 2, abort)
			h.transaction(p, 2, commit)
			h.read(h.committedReader(), 0, 0, 4)
			h.complete(aborted...)
		}},
		{name: "a reader is given a record once its commit is asked for", run: func(h *history) {
			p := h.producer()
			r := h.committedReader()
			h.transaction(p, 2, func(t *ledger.Transaction) { t.Committing(); h.read(r, 0, 0); t.Committed() })
			h.complete()
		}},
		{name: "who reads all is given what is open, and what is aborted", run: func(h *history) {
			p := h.producer()
			r := h.reader("r")
			aborted := h.transaction(p, 2, func(t *ledger.Transaction) { h.read(r, 0, 0); t.Aborted() })
			h.complete(aborted...)
		}},
		{name: "a target forgets what was aborted", run: func(h *history) {
			p := h.producer()
			aborted := h.transaction(p, 4, abort)
			h.logs[0][0], h.logs[1][0] = nil, nil
			h.transaction(p, 4, commit)
			h.complete(aborted...)
		}},
		{name: "a record of a committed transaction that never had an answer is not there", run: func(h *history) {
			p := h.producer()
			h.transaction(p, 2, func(t *ledger.Transaction) {
				h.l.Settle(ledger.Outcome{Serial: p.Make(nil, 60).Serial, Kind: ledger.Unknown, TP: tp(0), Offset: -1})
				commit(t)
			})
			h.complete()
		}},
	})
}

func TestAbortedReadOfTransactions(t *testing.T) {
	t.Parallel()
	judgeAll(t, []scenario{
		{name: "aborted, and shown as committed", codes: fires(ledger.AbortedRead), total: 2, run: func(h *history) {
			p := h.producer()
			h.transaction(p, 4, commit)
			h.transaction(p, 2, abort)
			h.read(h.committedReader(), 0, 0, 1, 3) // a live reader of it is told with it
			h.complete()
		}},
		{name: "shown by one of two reads", codes: fires(ledger.AbortedRead), total: 2, run: func(h *history) {
			p := h.producer()
			aborted := h.transaction(p, 2, abort)
			h.finish()
			h.committedRead(aborted...)
			h.committedRead()
		}},
	})
}

func TestUncommittedRead(t *testing.T) {
	t.Parallel()
	judgeAll(t, []scenario{
		{name: "before the commit", codes: fires(ledger.UncommittedRead), total: 1, run: func(h *history) {
			p := h.producer()
			r := h.committedReader()
			h.transaction(p, 2, func(t *ledger.Transaction) { h.read(r, 0, 0); commit(t) })
			h.complete()
		}},
		{name: "before the abort", codes: fires(ledger.UncommittedRead), total: 1, run: func(h *history) {
			p := h.producer()
			r := h.committedReader()
			aborted := h.transaction(p, 2, func(t *ledger.Transaction) { h.read(r, 0, 0); t.Aborted() })
			h.complete(aborted...)
		}},
		{name: "the reader was slow to tell", codes: fires(ledger.UncommittedRead), total: 1, run: func(h *history) {
			p := h.producer()
			aborted := h.transaction(p, 2, abort)
			h.read(h.committedReader(), 0, 0)
			h.complete(aborted...)
		}},
		{name: "nobody ever ended it, and it is shown", codes: fires(ledger.UncommittedRead), total: 2, run: func(h *history) {
			h.transaction(h.producer(), 2, leave)
			h.complete()
		}},
	})
}

func TestTornTxn(t *testing.T) {
	t.Parallel()
	judgeAll(t, []scenario{
		{name: "a partition of it is missing", codes: fires(ledger.TornTxn), total: 1, run: func(h *history) {
			p := h.producer()
			torn := h.transaction(p, 4, commit)
			h.transaction(p, 4, commit)
			h.read(h.committedReader(), 0, 3) // who is not shown it goes past it
			h.complete(torn[0], torn[2])
		}},
		{name: "all of it is missing", codes: fires(ledger.TornTxn), total: 1, run: func(h *history) {
			h.complete(h.transaction(h.producer(), 4, commit)...)
		}},
		{name: "of unknown outcome, and half of it shown", codes: fires(ledger.TornTxn), total: 1, run: func(h *history) {
			torn := h.transaction(h.producer(), 4, unknown)
			h.complete(torn[1])
		}},
		{name: "two of three", codes: fires(ledger.TornTxn), total: 2, run: func(h *history) {
			p := h.producer()
			first, _, third := h.transaction(p, 2, commit), h.transaction(p, 2, commit), h.transaction(p, 2, commit)
			h.complete(first[0], third[1])
		}},
		{name: "missing from one of two reads", run: func(h *history) {
			torn := h.transaction(h.producer(), 4, commit)
			h.finish()
			h.committedRead(torn[0])
			h.committedRead()
		}},
		{name: "a record of it is lost", codes: fires(ledger.LostAcked), total: 1, run: func(h *history) {
			torn := h.transaction(h.producer(), 4, commit)
			h.logs[0][0] = nil
			h.complete(torn[0])
		}},
		{name: "its read did not reach the end", doubts: []ledger.DoubtCode{ledger.FinalReadIncomplete}, run: func(h *history) {
			h.transaction(h.producer(), 4, commit)
			h.finish()
			c := h.l.NewCommittedRead("stuck")
			for p := range int32(2) {
				c.Begin(tp(p), ledger.Ends{Listed: h.end(p)})
				c.End(tp(p), ledger.Ends{Listed: h.end(p), Reached: 0})
			}
		}},
		{name: "there was no such read", doubts: []ledger.DoubtCode{ledger.FinalReadsMissing}, run: func(h *history) {
			h.transaction(h.producer(), 4, commit)
			h.finish()
		}},
	})
}

// transform makes records of partition 1 of those of partition 0, in one transaction.
func (h *history) transform(
	pipe *ledger.Pipeline, p *ledger.Producer, end func(*ledger.Transaction), offsets ...int64,
) (made []ledger.Made) {
	t := p.BeginTransaction()
	for _, offset := range offsets {
		m := p.Make(nil, 60)
		pipe.Derived(tp(0), offset, p, m.Serial)
		h.ack(m, 1, h.put(1, recordOf(m)))
		made = append(made, m)
	}
	end(t)
	return made
}

func TestEOSDouble(t *testing.T) {
	t.Parallel()
	begin := func(h *history) (*ledger.Pipeline, *ledger.Producer) {
		h.sends(h.producer(), 0, 6)
		return h.l.NewPipeline("g"), h.producer()
	}
	judgeAll(t, []scenario{
		{name: "each once, some of them again after an abort and after a crash", run: func(h *history) {
			pipe, p := begin(h)
			h.transform(pipe, p, commit, 0, 1)
			hidden := h.transform(pipe, p, abort, 2, 3)
			hidden = append(hidden, h.transform(pipe, p, leave, 2, 3)...)
			h.transform(pipe, p, commit, 2, 3)
			h.transform(pipe, p, commit, 4)
			pipe.Consumed(tp(0), 5) // the last one is still to come
			h.complete(hidden...)
		}},
		{name: "of unknown outcome, and only once there", run: func(h *history) {
			pipe, p := begin(h)
			hidden := h.transform(pipe, p, unknown, 0, 1, 2)
			h.transform(pipe, p, commit, 0, 1, 2)
			h.transform(pipe, p, unknown, 3, 4, 5)
			pipe.Consumed(tp(0), 6)
			h.complete(hidden...)
		}},
		{name: "twice", codes: fires(ledger.EOSDouble), total: 2, run: func(h *history) {
			pipe, p := begin(h)
			h.transform(pipe, p, commit, 0, 1, 2, 3)
			h.transform(pipe, p, commit, 2, 3, 4, 5)
			pipe.Consumed(tp(0), 6)
			h.complete()
		}},
		{name: "twice, the first of unknown outcome", codes: fires(ledger.EOSDouble), total: 3, run: func(h *history) {
			pipe, p := begin(h)
			h.transform(pipe, p, unknown, 0, 1, 2)
			h.transform(pipe, p, commit, 0, 1, 2)
			h.complete()
		}},
		{name: "not at all", codes: fires(ledger.EOSDouble), total: 2, run: func(h *history) {
			pipe, p := begin(h)
			h.transform(pipe, p, commit, 0, 1)
			hidden := h.transform(pipe, p, abort, 2, 3)
			h.transform(pipe, p, commit, 4, 5)
			pipe.Consumed(tp(0), 6)
			h.complete(hidden...)
		}},
		{name: "an output of an aborted transaction is shown", codes: fires(ledger.AbortedRead), total: 2, run: func(h *history) {
			pipe, p := begin(h)
			h.transform(pipe, p, abort, 0, 1)
			h.transform(pipe, p, commit, 0, 1)
			pipe.Consumed(tp(0), 2)
			h.complete()
		}},
	})
}

func TestWhatTransactionsHadToGoBy(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	p := h.producer()
	h.sends(p, 0, 2)
	pipe := h.l.NewPipeline("g")
	hidden := h.transform(pipe, p, leave, 0, 1)
	h.transform(pipe, p, commit, 0, 1)
	hidden = append(hidden, h.transaction(p, 4, abort)...)
	hidden = append(hidden, h.transaction(p, 2, unknown)...)
	h.complete(hidden...)
	require.Equal(t, ledger.TransactionEvidence{
		Committed: 1, Aborted: 1, Abandoned: 1, Unknown: 1, Hidden: 8, Whole: 1, CommittedReads: 2, Processed: 2, Redone: 2,
	}, h.l.Judge(h.options).Evidence.Transactions)
}

func TestAGroupThatReadsWhatIsCommittedMissesNothingElse(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	p := h.producer()
	h.transaction(p, 2, abort)
	h.transaction(p, 2, commit)
	r, all := h.committedReader(), h.reader("all")
	h.read(r, 0, 2)
	h.read(all, 0, 2)
	require.EqualValues(t, 1, h.l.Missing("committed"))
	require.EqualValues(t, 3, h.l.Missing("g"))
	h.read(r, 1, 2)
	require.Zero(t, h.l.Missing("committed"))
}
