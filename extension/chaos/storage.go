package chaos

import (
	"encoding/json"
	"time"

	"k6suite/extension/chaos/kafkaproxy"
)

// StorageProxy injects faults on object storage.
type StorageProxy interface {
	Inject(rule StorageRule) (StorageFault, error)
}

// StorageRule is one fault on object storage.
type StorageRule = json.RawMessage

// StorageFault is a fault on object storage at work.
type StorageFault interface {
	fault
	// Objects are the keys that it has hit.
	Objects() []string
}

func (a *asked) parseStorage() error {
	var named struct {
		Action string
		For    kafkaproxy.Duration
	}
	err := json.Unmarshal(a.spec, &named)
	a.storage, a.action, a.outage, a.lasts = a.spec, named.Action, named.Action == "outage", time.Duration(named.For)
	return err
}
