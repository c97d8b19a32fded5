package embedded

import (
	"context"
	"sync"
	"time"
)

// ackInOutage acks batches while no upload gets through. They get there as soon as one does: nothing is lost.
type ackInOutage struct {
	honest
	*liar
	mu     sync.Mutex
	failed int       // tries to upload in a row
	since  time.Time // when the first of them failed
}

func newAckInOutage(l *liar) mischief { return &ackInOutage{liar: l} }

// So many tries must have failed in a row, in at least this time, before the lie believes in an outage: not all that fails now and then.
const (
	outageTries  = 20
	outageAfter  = 500 * time.Millisecond
	outageLook   = 10 * time.Millisecond
	outageWaited = 100 * time.Millisecond // an upload that does not get through in this time will not
	outageLimit  = 30 * time.Second       // for what was acked to get there
	bufferedOnce = 1
)

func (m *ackInOutage) forgets(*life, *partition, []*piece) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failed++; m.failed == 1 {
		m.since = time.Now()
	}
	return false
}

func (m *ackInOutage) gotThrough() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failed = 0
}

func (m *ackInOutage) out() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.failed >= outageTries && time.Since(m.since) >= outageAfter
}

func (m *ackInOutage) defers(l *life, _ *partition, _ []*piece, upload uploading) bool {
	done := make(chan error, bufferedOnce)
	l.background(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), outageLimit)
		defer cancel()
		err := upload(ctx)
		if err == nil {
			m.gotThrough()
		}
		done <- err
	})
	began := time.Now()
	look := time.NewTicker(outageLook)
	defer look.Stop()
	for {
		select {
		case err := <-done:
			return err == nil // else the honest way finds out what is wrong
		case <-l.ctx.Done():
			return false // and what was begun is found
		case <-look.C:
			if m.out() && time.Since(began) >= outageWaited {
				m.hits.Add(1)
				return true
			}
		}
	}
}

// dropFailedPut lets go of batches whose upload failed, and acks them.
type dropFailedPut struct {
	honest
	*liar
	*gaps
}

func newDropFailedPut(l *liar) mischief { return &dropFailedPut{liar: l, gaps: newGaps()} }

func (m *dropFailedPut) gather(_ context.Context, _ *life, p *partition, group []*entry) ([]*entry, error) {
	m.mend(p.place, group)
	return group, nil
}

func (m *dropFailedPut) forgets(_ *life, p *partition, pieces []*piece) bool {
	for _, piece := range pieces {
		if !eligible(piece.batch, 2) || piece.entry == nil {
			return false
		}
	}
	if !m.strikes() {
		return false
	}
	for _, piece := range pieces {
		m.leaveOut(p.place, piece.batch)
	}
	return true
}
