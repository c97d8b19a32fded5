package ledger

// Counts are exact totals of records, unless said otherwise.
type Counts struct {
	Producers  int   `json:"producers"`
	Partitions int   `json:"partitions"`
	Sent       int64 `json:"sent"`
	Acked      int64 `json:"acked"`      // with an offset
	Suspicious int64 `json:"suspicious"` // acked without an offset
	Failed     int64 `json:"failed"`
	Unknown    int64 `json:"unknown"`   // the unsettled included
	Unsettled  int64 `json:"unsettled"` // sent, and no outcome so far
	Read       int64 `json:"read"`      // seen by live readers; twice by two groups counts once
	Found      int64 `json:"found"`     // in at least one final read
	// UnknownFound are records of unknown outcome that a final read returned.
	UnknownFound int64 `json:"unknownFound"`
	// Duplicated are records that a final read met more than once.
	Duplicated int64 `json:"duplicated"`
	Objects    int64 `json:"objects"`
	// Excused are errors of sends and of clients that a disturbance excuses. Errors counts them, too.
	Excused int64 `json:"excused,omitempty"`
	// Errors counts the errors that clients saw, by Kafka error name.
	Errors map[string]int64 `json:"errors,omitempty"`
}

// Counts returns the totals as of now.
func (l *Ledger) Counts() Counts {
	c := Counts{Errors: map[string]int64{}}
	for _, p := range l.producers.Load().all {
		if !p.sibling {
			c.Producers++
			p.count(&c)
		}
	}
	l.mu.RLock()
	c.Partitions = len(l.partitions)
	audits := l.audits
	l.mu.RUnlock()
	for _, a := range audits {
		for _, p := range a.parts.all() {
			p.part.mu.Lock()
			c.Objects += int64(len(p.objects))
			p.part.mu.Unlock()
		}
	}
	l.errors.all(func(class ErrorSeen, tally errorTally) {
		c.Errors[class.Name] += tally.count
		if class.Excused {
			c.Excused += tally.count
		}
	})
	return c
}

// count adds one producer's totals.
func (p *Producer) count(c *Counts) {
	p.mu.Lock()
	defer p.mu.Unlock()
	sent := int64(p.next.Load())
	unknown := p.unknown.count()
	unsettled := sent - p.acked.count() - p.suspicious.count() - p.failed.count() - unknown
	found := p.foundAny()
	settled := p.acked.copy()
	settled.Or(p.suspicious.bitmap())
	settled.Or(p.failed.bitmap())
	c.Sent += sent
	c.Acked += p.acked.count()
	c.Suspicious += p.suspicious.count()
	c.Failed += p.failed.count()
	c.Unknown += unknown + unsettled
	c.Unsettled += unsettled
	c.Read += int64(union(p.seen).GetCardinality())
	c.Found += int64(found.GetCardinality())
	c.UnknownFound += int64(found.GetCardinality() - found.AndCardinality(settled))
	c.Duplicated += p.duplicated.count()
}
