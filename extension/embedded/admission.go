package embedded

import (
	"github.com/twmb/franz-go/pkg/kerr"
)

// piece is a batch with its place in the log.
type piece struct {
	entry  *entry
	batch  batch // as kfake wants it: with base offset 0
	base   int64
	epoch  int32 // of the leader
	object batch // nil, or what the bucket gets instead (a lie)
}

func (p *piece) end() int64 { return p.base + int64(p.batch.Span()) }

// admission is a group of entries that may be stored: kfake will refuse none of its pieces, and none is stored already.
type admission struct {
	group    []*entry // all entries that are not deferred, refused ones included
	deferred []*entry // have to wait for a producer whose epoch is being changed
	blocking *producer

	pieces     []*piece
	windows    map[int64]window // after the pieces
	duplicates map[*entry]int64 // where they stand, in this group perhaps
	accepted   map[*entry]*piece
	locks      []func()
	locked     map[int64]bool
}

func (a *admission) unlock() {
	for _, unlock := range a.locks {
		unlock()
	}
	a.locks = nil
}

// admit decides on each entry of the group, in order, as if those before it were stored.
func (l *life) admit(p *partition, group []*entry, epoch int32) *admission {
	a := &admission{
		windows: map[int64]window{}, duplicates: map[*entry]int64{}, accepted: map[*entry]*piece{}, locked: map[int64]bool{},
	}
	next := p.end
	for i, e := range group {
		if isDone(e) { // refused in an earlier round
			continue
		}
		if id := e.batch.ProducerID(); id >= 0 {
			known := l.producers.getOrAdd(id, e.batch.ProducerEpoch())
			if !a.lock(known, e.batch.ProducerEpoch(), len(a.locks) == 0) {
				a.blocking, a.deferred = known, group[i:]
				break
			}
			base, duplicate, no := a.judge(l, p, known, e, next)
			if no != nil {
				e.fail(no.err, no.message)
				a.group = append(a.group, e)
				continue
			}
			if duplicate {
				a.duplicates[e] = base
				a.group = append(a.group, e)
				continue
			}
		}
		a.accepted[e] = &piece{entry: e, batch: e.batch, base: next, epoch: epoch}
		a.group = append(a.group, e)
		a.pieces = append(a.pieces, a.accepted[e])
		next = a.accepted[e].end()
	}
	return a
}

func isDone(e *entry) bool {
	select {
	case <-e.done:
		return true
	default:
		return false
	}
}

// lock keeps the producer's epoch as it is until the group is stored. A batch that raises the epoch needs the producer for
// itself, and so must be the first of its group: waiting for one lock while others are held would be a way to deadlock.
func (a *admission) lock(known *producer, epoch int16, first bool) bool {
	if a.locked[known.id] && epoch <= known.currentEpoch() {
		return true
	}
	if epoch > known.currentEpoch() {
		if !first || !known.lock.TryLock() {
			return false
		}
		known.mu.Lock()
		known.epoch = max(known.epoch, epoch)
		known.mu.Unlock()
		a.locks = append(a.locks, known.lock.Unlock)
	} else {
		if !known.lock.TryRLock() {
			return false
		}
		a.locks = append(a.locks, known.lock.RUnlock)
	}
	a.locked[known.id] = true
	return true
}

// judge applies the rules of idempotent and transactional producers, as kfake will again.
func (a *admission) judge(l *life, p *partition, known *producer, e *entry, next int64) (base int64, duplicate bool, no *refusal) {
	if no := l.mayWrite(known, p.place, e); no != nil {
		return 0, false, no
	}
	w := a.window(p, known.id)
	if base, duplicate = w.duplicate(e.batch); duplicate {
		return base, true, nil
	}
	if !w.accepts(e.batch, next == 0) {
		return 0, false, refuse(kerr.OutOfOrderSequenceNumber, "the batch does not follow the last one of its producer")
	}
	a.windows[known.id] = w.with(e.batch, next)
	return 0, false, nil
}

func (a *admission) window(p *partition, id int64) *window {
	if w, ok := a.windows[id]; ok {
		return &w
	}
	if w, ok := p.windows[id]; ok {
		return &w
	}
	return nil
}

// settle makes the outcome known: to the partition, then to the producers.
func (a *admission) settle(m mischief, p *partition) {
	for id, w := range a.windows {
		p.windows[id] = w
	}
	for _, e := range a.group {
		if isDone(e) {
			continue
		}
		o := outcome{logStart: -1}
		if base, ok := a.duplicates[e]; ok {
			o.base = base
		} else {
			o.base = a.accepted[e].base
			m.ack(p, e, &o)
		}
		e.resolve(o)
	}
}
