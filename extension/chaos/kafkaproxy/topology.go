package kafkaproxy

import (
	"maps"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// freshFor is how long what the cluster said of a topic is not asked again, though brokers deny it: they learn of changes at
	// different times, and asking faster would not make them agree.
	freshFor = 100 * time.Millisecond
	// maxCoordinators bounds what is remembered of groups and transactional ids.
	maxCoordinators = 10_000
)

// topology is what the proxy knows of the cluster: who leads, who coordinates, where they are. All sessions share it. It is learned
// from the answers that pass, and asked for where it is missing or doubted; whether a client may see a topic, the brokers decide.
type topology struct {
	proxy *Proxy

	mu           sync.Mutex
	nodes        map[int32]*backend // that the cluster names
	doubted      bool               // one of the nodes did not answer
	controller   int32
	topics       map[string]*topicPlaces
	coordinators map[coordinatorKey]int32
	flights      map[any]chan struct{} // questions under way, by topic or coordinatorKey
}

type topicPlaces struct {
	id         [16]byte
	partitions map[int32]partitionPlace
	asked      time.Time // when the proxy itself asked last
}

type partitionPlace struct {
	node    int32 // noNode: nobody leads
	epoch   int32
	code    int16 // what metadata says is wrong with it
	doubted bool  // a broker denied it
}

// coordinatorKey names a group (type 0) or a transactional id (type 1).
type coordinatorKey struct {
	kind int8
	key  string
}

func newTopology(p *Proxy) *topology {
	return &topology{
		proxy: p, nodes: map[int32]*backend{}, controller: noNode, topics: map[string]*topicPlaces{},
		coordinators: map[coordinatorKey]int32{}, flights: map[any]chan struct{}{},
	}
}

// live returns the brokers that the cluster names, in the order of their ids.
func (t *topology) live() []*backend {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]*backend, 0, len(t.nodes))
	for _, id := range slices.Sorted(maps.Keys(t.nodes)) {
		list = append(list, t.nodes[id])
	}
	return list
}

// settled reports whether the list of brokers is known, and none of them was missed since.
func (t *topology) settled() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.nodes) > 0 && !t.doubted
}

// node returns the broker with an id, nil if the cluster does not name it.
func (t *topology) node(id int32) *backend {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.nodes[id]
}

// leading returns the broker that the cluster names as its controller, nil if it names none.
func (t *topology) leading() *backend {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.nodes[t.controller]
}

// leader returns what is known of a partition. The topic is to be asked for if it is not known, or doubted and not just asked for.
func (t *topology) leader(topic string, partition int32) (place partitionPlace, ask bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	places := t.topics[topic]
	if places == nil {
		return partitionPlace{node: noNode, code: kerr.UnknownTopicOrPartition.Code}, true
	}
	place, known := places.partitions[partition]
	fresh := time.Since(places.asked) < freshFor
	if !known {
		return partitionPlace{node: noNode, code: kerr.UnknownTopicOrPartition.Code}, !fresh
	}
	return place, !fresh && (place.doubted || place.node == noNode)
}

// located reports whether the leaders of a topic are known, none of them doubted.
func (t *topology) located(topic string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	places := t.topics[topic]
	if places == nil {
		return false
	}
	for _, place := range places.partitions {
		if place.doubted {
			return false
		}
	}
	return true
}

// coordinator returns who coordinates, noNode if it is not known.
func (t *topology) coordinator(key coordinatorKey) int32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if node, known := t.coordinators[key]; known && t.nodes[node] != nil {
		return node
	}
	return noNode
}

// learnBrokers notes which brokers there are. An answer that names none says nothing.
func (t *topology) learnBrokers(all map[int32]string, controller int32) {
	if len(all) == 0 {
		return
	}
	nodes := make(map[int32]*backend, len(all))
	for id, address := range all {
		b := t.proxy.backends.at(address)
		b.node.Store(id)
		nodes[id] = b
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.nodes, t.controller, t.doubted = nodes, controller, false
}

// learnMetadata notes what a Metadata response says, before it is rewritten.
func (t *topology) learnMetadata(m *kmsg.MetadataResponse, asked bool) {
	all := map[int32]string{}
	for _, b := range m.Brokers {
		all[b.NodeID] = net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))
	}
	t.learnBrokers(all, m.ControllerID)
	for i := range m.Topics {
		topic := &m.Topics[i]
		name := t.proxy.topics.name(deref(topic.Topic), topic.TopicID)
		t.proxy.topics.learn(name, topic.TopicID)
		if name != "" {
			t.learnTopic(name, topic, asked)
		}
	}
}

func (t *topology) learnTopic(name string, topic *kmsg.MetadataResponseTopic, asked bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if topic.ErrorCode != 0 {
		if topic.ErrorCode == kerr.UnknownTopicOrPartition.Code {
			delete(t.topics, name)
		}
		return // what one client may not see, another may
	}
	places := t.topics[name]
	if places == nil || places.id != topic.TopicID {
		places = &topicPlaces{id: topic.TopicID, partitions: map[int32]partitionPlace{}}
		t.topics[name] = places
	}
	if asked {
		places.asked = time.Now()
	}
	for _, p := range topic.Partitions {
		// A broker that lags behind says again what was true before.
		old, known := places.partitions[p.Partition]
		if known && !old.doubted && p.LeaderEpoch >= 0 && p.LeaderEpoch < old.epoch {
			continue
		}
		places.partitions[p.Partition] = partitionPlace{node: p.Leader, epoch: p.LeaderEpoch, code: p.ErrorCode}
	}
}

// learnCoordinator notes who coordinates.
func (t *topology) learnCoordinator(key coordinatorKey, node int32, host string, port int32) {
	b := t.proxy.backends.at(net.JoinHostPort(host, strconv.Itoa(int(port))))
	b.node.Store(node)
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.coordinators) >= maxCoordinators {
		clear(t.coordinators)
	}
	t.coordinators[key] = node
	if t.nodes[node] == nil {
		t.nodes[node] = b
	}
}

// denied notes that a broker said of a partition, or of a topic (whole), that it is not the one to ask.
func (t *topology) denied(b *backend, topic string, partition int32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	places := t.topics[topic]
	if places == nil {
		return
	}
	for number, place := range places.partitions {
		if (number == partition || partition == whole) && place.node == b.node.Load() {
			place.doubted = true
			places.partitions[number] = place
		}
	}
}

// deniedCoordinator notes that a broker said that it does not coordinate.
func (t *topology) deniedCoordinator(b *backend, key coordinatorKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.coordinators[key] == b.node.Load() {
		delete(t.coordinators, key)
	}
}

// deniedController notes that a broker said that it is not the controller.
func (t *topology) deniedController() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.controller, t.doubted = noNode, true
}

// missed notes that a broker did not answer: whatever it led or coordinated may be elsewhere now.
func (t *topology) missed(b *backend) {
	node := b.node.Load()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.doubted = true
	if node == noNode {
		return
	}
	for _, places := range t.topics {
		for number, place := range places.partitions {
			if place.node == node && !place.doubted {
				place.doubted = true
				places.partitions[number] = place
			}
		}
	}
	maps.DeleteFunc(t.coordinators, func(_ coordinatorKey, n int32) bool { return n == node })
}

// fly claims the right to ask a question. Who does not get it waits for the channel instead, and looks again.
func (t *topology) fly(question any) (wait <-chan struct{}, land func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if under := t.flights[question]; under != nil {
		return under, nil
	}
	done := make(chan struct{})
	t.flights[question] = done
	return nil, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.flights, question)
		close(done)
	}
}
