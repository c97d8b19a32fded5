package ledger

import (
	"maps"
	"slices"
	"time"
)

// brokerLog keeps which brokers were down and which were added; metadataLog's lock guards it.
type brokerLog struct {
	down  map[int32]*outOfService
	outs  []*outOfService // all, in the order of time
	added []*addedBroker
}

// outOfService is one time in which a broker was down.
type outOfService struct {
	broker   int32
	from, to time.Time // to is zero as long as it is down
	shown    bounded[deadShown]
	latest   deadShown // the sighting longest after it went down
	vanished bool      // an answer did not show it: where it is shown again it is being started
}

// deadShown is a metadata answer that shows a broker which is down.
type deadShown struct {
	who     string
	address string // "" if it is shown as a leader only
	after   time.Duration
	at      time.Time
}

// addedBroker is a broker that was added, with what brokers got of the record traffic since.
type addedBroker struct {
	id     int32
	up     time.Time
	gone   bool
	before int64 // requests that it had got before, under the same id
	told   []spreadTold
}

// spreadTold is a count of record traffic at a time.
type spreadTold struct {
	at          time.Time
	own, others int64
}

// maxTold bounds the counts that are kept for one added broker.
const maxTold = 256

// BrokerDown says that a broker is dead or frozen, or was removed, from now on: METADATA_LIE/dead expects metadata to show it no longer
// than the bound.
func (l *Ledger) BrokerDown(id int32) {
	log := &l.metadata
	log.mu.Lock()
	defer log.mu.Unlock()
	for _, a := range log.brokers.added {
		a.gone = a.gone || a.id == id
	}
	if log.brokers.down[id] != nil {
		return
	}
	if log.brokers.down == nil {
		log.brokers.down = map[int32]*outOfService{}
	}
	out := &outOfService{broker: id, from: l.now()}
	log.brokers.down[id] = out
	log.brokers.outs = append(log.brokers.outs, out)
}

// BrokerUp says that a broker may be shown again: best before it is started, at the latest when it serves. One that was added, and not
// there before, has to get record traffic from then on: METADATA_LIE/idle; [Ledger.Spread] must be told while it lives.
func (l *Ledger) BrokerUp(id int32, added bool) {
	log, at := &l.metadata, l.now()
	log.mu.Lock()
	defer log.mu.Unlock()
	if out := log.brokers.down[id]; out != nil {
		out.to = at
		delete(log.brokers.down, id)
	}
	if added {
		log.brokers.added = append(log.brokers.added, &addedBroker{id: id, up: at, before: log.spread[id].Requests})
	}
}

// saw notes the brokers that are down and that a metadata answer shows nevertheless.
func (b *brokerLog) saw(m *Metadata, asked time.Time) {
	if len(b.down) == 0 {
		return
	}
	shown := map[int32]string{}
	for _, leader := range m.Leaders {
		shown[leader] = ""
	}
	for _, broker := range m.Brokers {
		shown[broker.ID] = broker.Address
	}
	for id, out := range b.down {
		address, ok := shown[id]
		if out.vanished = out.vanished || !ok; !out.vanished {
			one := deadShown{m.Who, address, asked.Sub(out.from), asked}
			out.shown.add(one)
			if one.after > out.latest.after {
				out.latest = one
			}
		}
	}
}

func (b *brokerLog) wasAdded(id int32) bool {
	return slices.ContainsFunc(b.added, func(a *addedBroker) bool { return a.id == id })
}

// told notes what record traffic brokers have got.
func (b *brokerLog) told(s map[int32]BrokerTraffic, at time.Time) {
	total := int64(0)
	for t := range maps.Values(s) {
		total += t.Requests
	}
	for _, a := range b.added {
		if a.gone {
			continue
		}
		own := s[a.id].Requests
		one := spreadTold{at, own, total - own}
		if len(a.told) == maxTold {
			i := 0
			a.told = slices.DeleteFunc(a.told, func(spreadTold) bool { i++; return i%2 == 0 })
		}
		a.told = append(a.told, one)
	}
}
