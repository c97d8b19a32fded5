package ledger

import "slices"

// Judge applies all rules to what was recorded so far. It changes nothing and may be repeated. Call it when traffic has ended:
// what comes in meanwhile may be seen by one rule and not by another.
func (l *Ledger) Judge(o JudgeOptions) Judgement {
	o.setDefaults()
	j := &judging{
		ledger: l, options: o, counts: l.Counts(), out: newCollector(o), doubts: []Doubt{}, notes: []string{}, recoveries: []Recovery{},
		copies: map[Serial][]place{}, wanted: map[Serial]place{},
		overwritten: map[TopicPartition][]*overwrittenObject{}, doubled: map[committedPlace]bool{},
	}
	j.view()
	j.explainUneven()
	j.rewrites()
	j.passed()
	j.completeness()
	j.committedCompleteness()
	j.locateDuplicates()
	j.clashes()
	j.scans()
	j.lostElsewhere()
	j.locateWanted()
	for _, rule := range [...]func(){
		j.uncommittedRead, j.tornTxn, j.eosDouble, j.offsetMismatch, j.duplicate, j.abortedRead, j.slowRecovery, j.stuck, j.errorsSeen,
		j.groupDouble, j.groupSkip, j.groupRegress, j.offsetReset, j.metadataLie, j.connectionLimit, j.resourceLeak, j.misuse, j.badCertificate,
	} {
		rule()
	}
	for _, v := range j.parts {
		v.p.mu.Lock()
		for _, rule := range [...]func(*partView){
			j.twoAcks, j.inconsistentOffset, j.rewrite, j.phantom, j.corrupt, j.staleEnd, j.endRegress, j.epochRegress, j.realtimeOrder,
			j.partitioner,
		} {
			rule(v)
		}
		v.p.mu.Unlock()
	}
	j.polls()
	j.ackInOutage()
	j.audits()
	j.objectsOverwritten()
	j.accessRules()
	j.report()
	foreseen, findings := j.foreseenFindings()
	findings = j.spillTroubles(findings)
	return Judgement{
		Findings: findings, Foreseen: foreseen, Doubts: j.doubts, Counts: j.counts, Evidence: j.evidence(foreseen), Notes: j.notes,
		Recoveries: j.recoveries,
	}
}

// judging is one judgement in the making.
type judging struct {
	ledger  *Ledger
	options JudgeOptions
	counts  Counts
	out     collector
	doubts  []Doubt
	notes   []string

	recoveries  []Recovery
	recovered   []*recovered // the same, with what rules need
	overwritten map[TopicPartition][]*overwrittenObject
	doubled     map[committedPlace]bool // of which GROUP_DOUBLE tells
	roster      *roster
	producers   []*producerView // by their index in it
	parts       []*partView
	finals      []string // names of the final reads

	committedReads int64               // complete ones of what is committed
	processed      TransactionEvidence // filled by EOS_DOUBLE

	copies     map[Serial][]place // where duplicated records stand
	wanted     map[Serial]place   // where records stand that evidence names
	mismatches []ackedAt
	beyond     int64 // mismatches not kept
}

// place is an offset of a partition; v is nil as long as it is not known.
type place struct {
	v      *partView
	offset int64
}

// ackedAt is a record with the place that its ack named.
type ackedAt struct {
	serial Serial
	place
}

// maxCopies bounds how many duplicated records are located one by one.
const maxCopies = 1 << 17

func (j *judging) producer(s Serial) *producerView {
	if p := j.roster.of(s.Producer()); p != nil {
		return j.producers[p.index]
	}
	return nil
}

func (j *judging) doubt(code DoubtCode, text string) { j.doubts = append(j.doubts, Doubt{code, text}) }

// view copies what the rules share.
func (j *judging) view() {
	l := j.ledger
	j.roster = l.producers.Load()
	producers := j.roster.all
	j.producers = make([]*producerView, len(producers))
	parallel(len(producers), func(i int) { j.producers[i] = newProducerView(producers[i]) })
	l.mu.RLock()
	for _, f := range l.finals {
		j.finals = append(j.finals, f.name)
	}
	l.mu.RUnlock()
	parts := l.allPartitions()
	j.parts = make([]*partView, len(parts))
	parallel(len(parts), func(i int) {
		parts[i].mu.Lock()
		defer parts[i].mu.Unlock()
		j.parts[i] = newPartView(parts[i], len(j.finals), l.merged)
	})
}

// explainUneven marks the records at offsets that only some of the final reads fill: INCONSISTENT_OFFSET tells of them.
func (j *judging) explainUneven() {
	for _, v := range j.parts {
		v.p.mu.Lock()
		each(v.uneven, func(offset int64) bool {
			if _, read := v.p.views(offset); read != 0 {
				j.producer(read.serial()).explained.Add(read.serial().Sequence())
			}
			return true
		})
		v.p.mu.Unlock()
	}
}

// locateDuplicates finds all places of the records that a final read met twice, if there are any.
func (j *judging) locateDuplicates() {
	if !slices.ContainsFunc(j.producers, func(p *producerView) bool { return !p.duplicated.IsEmpty() }) {
		return
	}
	j.eachShown(func(v *partView, offset int64, s Serial) {
		if p := j.producer(s); p.duplicated.Contains(s.Sequence()) {
			if _, ok := j.copies[s]; ok || len(j.copies) < maxCopies {
				j.copies[s] = append(j.copies[s], place{v, offset})
			}
		}
	})
}

// locateWanted finds a place for each record that evidence names.
func (j *judging) locateWanted() {
	most := j.evidenceOf(AbortedRead)
	for _, p := range j.producers {
		for _, of := range [...]func(func(int64) bool){
			func(visit func(int64) bool) { each(p.aborted(), visit) },
			func(visit func(int64) bool) { each(p.unexcused(), visit) },
		} {
			kept := 0
			of(func(sequence int64) bool {
				j.wanted[p.serial(uint64(sequence))] = place{}
				kept++
				return kept < most
			})
		}
	}
	if len(j.wanted) == 0 {
		return
	}
	j.eachShown(func(v *partView, offset int64, s Serial) {
		if at, ok := j.wanted[s]; ok && at.v == nil {
			j.wanted[s] = place{v, offset}
		}
	})
}

// evidenceOf is how many findings of a rule are examined one by one. Those that a fault may have brought about go by the topic of each.
func (j *judging) evidenceOf(rule Code) int {
	if j.out.foreseen.concerns(rule) {
		return maxCopies
	}
	return j.options.MaxEvidence
}

// eachShown visits all records that final reads show, by partition and offset.
func (j *judging) eachShown(visit func(v *partView, offset int64, s Serial)) {
	for _, v := range j.parts {
		v.p.mu.Lock()
		v.eachClaim(func(offset int64, _, read cell) {
			if read != 0 && v.shown.Contains(uint64(offset)) {
				visit(v, offset, read.serial())
			}
		})
		v.p.mu.Unlock()
	}
}
