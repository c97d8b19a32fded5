package ledger

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// Metadata is what one metadata answer showed, for [Ledger.SawMetadata].
type Metadata struct {
	Who     string // the client that asked
	Brokers []MetadataBroker
	// Controller is the id of the controller; −1 if the answer does not say.
	Controller int32
	// Leaders are those of the partitions that were asked for, −1 for one without leader; nil if none were.
	Leaders map[TopicPartition]int32
	// Asked is when the question was asked; now, if zero.
	Asked time.Time
}

// MetadataBroker is one broker of a metadata answer.
type MetadataBroker struct {
	ID      int32
	Address string // "host:port" as net.JoinHostPort makes it, the host just as the answer has it
}

// Unreachable is proof that what metadata names could not be reached, for [Ledger.Unreachable]: it was tried again and again for a
// bound, while the bootstrap address answered.
type Unreachable struct {
	Who       string
	Topic     string
	Partition int32 // −1: it is about a broker as a whole
	Broker    int32
	Address   string // "host:port"
	Waited    time.Duration
	Why       string // the last error
}

// BrokerTraffic is what one broker got of the clients' record traffic (Produce and Fetch).
type BrokerTraffic struct {
	Connections int64 `json:"connections"`
	Requests    int64 `json:"requests"`
}

// metadataLog keeps what clients saw of the cluster's shape, in bounded memory.
type metadataLog struct {
	mu          sync.Mutex
	seen        int64 // answers with brokers
	addresses   map[string]*addressSeen
	order       []string
	beyond      int64 // sightings of addresses that were not kept
	unreachable bounded[unreachableAt]
	spread      map[int32]BrokerTraffic
	shape       shape
	brokers     brokerLog
}

// addressSeen is an address with its first sighting.
type addressSeen struct {
	count  int64
	dead   int64 // among them: of a broker that was down
	who    string
	broker int32
	at     time.Time
}

type unreachableAt struct {
	Unreachable
	at time.Time
}

// SawMetadata records what a metadata answer showed to a client. It feeds METADATA_LIE: address, changed and dead. An answer with a broker
// below 0 is an address that a client was sent to, and nothing else.
func (l *Ledger) SawMetadata(m Metadata) {
	if len(m.Brokers) == 0 {
		return
	}
	at, log := l.now(), &l.metadata
	log.mu.Lock()
	defer log.mu.Unlock()
	log.seen++
	if m.Asked.IsZero() {
		m.Asked = at
	}
	m.Asked = l.steady(m.Asked)
	if !m.sighting() {
		log.shape.saw(&m, at)
		log.brokers.saw(&m, m.Asked)
	}
	for _, b := range m.Brokers {
		dead := int64(0)
		if log.brokers.down[b.ID] != nil {
			dead = 1
		}
		if known, ok := log.addresses[b.Address]; ok {
			known.count++
			known.dead += dead
			continue
		}
		if len(log.order) == keptEvidence {
			log.beyond++
			continue
		}
		if log.addresses == nil {
			log.addresses = map[string]*addressSeen{}
		}
		log.addresses[b.Address] = &addressSeen{count: 1, dead: dead, who: m.Who, broker: b.ID, at: at}
		log.order = append(log.order, b.Address)
	}
}

// Unreachable records that what metadata names cannot be reached: METADATA_LIE/unreachable.
func (l *Ledger) Unreachable(u Unreachable) {
	at := l.now()
	l.metadata.mu.Lock()
	defer l.metadata.mu.Unlock()
	l.metadata.unreachable.add(unreachableAt{u, at})
}

// Spread tells how record traffic spread over the live brokers since the run began, by broker id, idle ones included: once before
// [Ledger.Judge], and again and again where brokers are added, once before each is removed. It feeds METADATA_LIE: unspread, by what
// was told last, and idle.
func (l *Ledger) Spread(s map[int32]BrokerTraffic) {
	at := l.now()
	l.metadata.mu.Lock()
	defer l.metadata.mu.Unlock()
	l.metadata.spread = maps.Clone(s)
	l.metadata.brokers.told(s, at)
}

// sighting tells whether this is an address that a client was sent to, and no whole answer.
func (m *Metadata) sighting() bool {
	return slices.ContainsFunc(m.Brokers, func(b MetadataBroker) bool { return b.ID < 0 })
}

func (m *metadataLog) answers() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen
}

// busy gives the brokers that got record traffic, sorted, and those that got none.
func busy(spread map[int32]BrokerTraffic) (some, none []int32) {
	for _, id := range slices.Sorted(maps.Keys(spread)) {
		if spread[id].Requests > 0 {
			some = append(some, id)
		} else {
			none = append(none, id)
		}
	}
	return some, none
}
