package chaos

import "encoding/json"

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

func parseStorage(spec []byte) (rule StorageRule, action string, outage bool, err error) {
	var named struct{ Action string }
	err = json.Unmarshal(spec, &named)
	return spec, named.Action, named.Action == "outage", err
}
