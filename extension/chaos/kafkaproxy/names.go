package kafkaproxy

import "sync"

// topicNames knows topics by the ids that newer versions of the protocol use in place of names (KIP-516).
type topicNames struct {
	mu     sync.RWMutex
	byID   map[[16]byte]string
	byName map[string][16]byte
}

func newTopicNames() *topicNames {
	return &topicNames{byID: map[[16]byte]string{}, byName: map[string][16]byte{}}
}

// learn notes the id of a topic. Ids are never used again: what was known stays true of the deleted topic.
func (n *topicNames) learn(name string, id [16]byte) {
	if name == "" || id == ([16]byte{}) {
		return
	}
	n.mu.RLock()
	known := n.byName[name] == id
	n.mu.RUnlock()
	if known {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.byID[id], n.byName[name] = name, id
}

// name returns the topic's name: the given one, or where that is empty the one of the id; "" if it is not known.
func (n *topicNames) name(name string, id [16]byte) string {
	if name != "" {
		return name
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.byID[id]
}
