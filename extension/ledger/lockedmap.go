package ledger

import (
	"maps"
	"sync"
)

// lockedMap is a map that is safe for concurrent use; the zero value is empty.
type lockedMap[K comparable, V any] struct {
	mu sync.RWMutex
	m  map[K]V
}

// get returns the value of a key and makes it if need be.
func (l *lockedMap[K, V]) get(key K, makeValue func() V) V {
	l.mu.RLock()
	v, ok := l.m[key]
	l.mu.RUnlock()
	if ok {
		return v
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if v, ok = l.m[key]; ok {
		return v
	}
	if l.m == nil {
		l.m = map[K]V{}
	}
	v = makeValue()
	l.m[key] = v
	return v
}

// all returns a copy.
func (l *lockedMap[K, V]) all() map[K]V {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return maps.Clone(l.m)
}
