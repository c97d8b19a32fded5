package embedded

import "sync"

// forgetSequences stores the latest batch of an idempotent producer as if it were new when the producer sends it again. What has others
// behind it is known as it should be: else the order would suffer, too.
type forgetSequences struct {
	honest
	*liar
	mu     sync.Mutex
	latest map[sentTo]batchSent
}

// sentTo is an idempotent producer in a partition.
type sentTo struct {
	place
	producer int64
}

// batchSent names a batch of it.
type batchSent struct {
	epoch    int16
	sequence int32
}

func newForgetSequences(l *liar) mischief {
	return &forgetSequences{liar: l, latest: map[sentTo]batchSent{}}
}

func (m *forgetSequences) arrive(_ *life, p *partition, e *entry) bool {
	id := e.batch.ProducerID()
	if id < 0 || !eligible(e.batch, 1) {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	from, sent := sentTo{p.place, id}, batchSent{e.batch.ProducerEpoch(), e.batch.BaseSequence()}
	switch latest, met := m.latest[from]; {
	case met && latest == sent:
		m.hits.Add(1)
		e.batch = e.batch.Anonymous()
	case !met || sent.epoch > latest.epoch || sent.epoch == latest.epoch && sent.sequence > latest.sequence:
		m.latest[from] = sent
	}
	return false
}
