package embedded

import "sync/atomic"

// connectionLimit lets in no more clients than a small server with a forgotten limit would.
type connectionLimit struct {
	honest
	*liar
}

func newConnectionLimit(l *liar) mischief { return &connectionLimit{liar: l} }

// forgottenLimit is far more than scenarios open that are about something else.
const forgottenLimit = 256

func (m *connectionLimit) admits(open int) bool {
	if open < forgottenLimit {
		return true
	}
	m.hits.Add(1)
	return false
}

// connectionLeak forgets to close what clients have left.
type connectionLeak struct {
	honest
	*liar
	gone atomic.Int64
}

func newConnectionLeak(l *liar) mischief { return &connectionLeak{liar: l} }

func (m *connectionLeak) keeps() bool {
	if m.gone.Add(1)%4 != 0 {
		return false
	}
	m.hits.Add(1)
	return true
}
