package embedded

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// producerDocument is a transactional producer as the bucket keeps it.
type producerDocument struct {
	Transactional string        `json:"transactional"`
	ID            int64         `json:"id"`
	Epoch         int16         `json:"epoch"`
	Timeout       time.Duration `json:"timeout"`
	LastCommitted bool          `json:"lastCommitted,omitempty"`
	Ending        *ending       `json:"ending,omitempty"`
}

// ending is the decided end of a transaction whose markers may not all be written: a restart writes the rest.
type ending struct {
	Commit bool  `json:"commit"`
	Epoch  int16 `json:"epoch"` // of the producer afterwards
}

const producersDocument = "producers"

// saveProducers makes the transactional producers durable.
func (l *life) saveProducers(ctx context.Context) error {
	err := l.documents.save(ctx, producersDocument, func() ([]byte, error) {
		var list []producerDocument
		for _, p := range l.producers.all() {
			p.mu.Lock()
			if p.transactional != "" {
				list = append(list, producerDocument{p.transactional, p.id, p.epoch, p.timeout, p.lastCommitted, p.ending})
			}
			p.mu.Unlock()
		}
		slices.SortFunc(list, func(a, b producerDocument) int { return strings.Compare(a.Transactional, b.Transactional) })
		return json.Marshal(list)
	})
	if err != nil {
		return fmt.Errorf("make the producers durable: %w", err)
	}
	return nil
}

// named returns the producer with the transactional id, or nil.
func (p *producers) named(transactional string) *producer {
	for _, known := range p.all() {
		known.mu.Lock()
		found := known.transactional == transactional
		known.mu.Unlock()
		if found {
			return known
		}
	}
	return nil
}
