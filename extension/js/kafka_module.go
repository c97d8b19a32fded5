package js

import (
	"sync"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"
	"go.k6.io/k6/v2/js/modules"
)

// kafkaModule is "k6/x/kafka": Producer, Consumer, Processor and Admin.
type kafkaModule struct {
	process *process

	mu     sync.Mutex
	shared map[string]any // *lazy clients that all virtual users share, by class and name
}

// kafkaInstance is the module in one virtual user.
type kafkaInstance struct {
	module  *kafkaModule
	vu      modules.VU
	metrics *kafkaMetrics
	bytes   *byteCodec
}

var (
	_ modules.Module   = &kafkaModule{}
	_ modules.Instance = &kafkaInstance{}
)

// NewModuleInstance implements modules.Module.
func (m *kafkaModule) NewModuleInstance(vu modules.VU) modules.Instance {
	m.process.attach(vu)
	registered, err := registerMetrics(vu.InitEnv().Registry, m.process)
	if err != nil {
		common.Throw(vu.Runtime(), err)
	}
	return &kafkaInstance{module: m, vu: vu, metrics: registered, bytes: newByteCodec(vu.Runtime())}
}

// Exports implements modules.Instance.
func (i *kafkaInstance) Exports() modules.Exports {
	return modules.Exports{Named: map[string]any{
		"Producer": i.newProducer, "Consumer": i.newConsumer, "Processor": i.newProcessor, "Admin": i.newAdmin,
	}}
}

// fill gives an object its methods and properties.
func (i *kafkaInstance) fill(object *sobek.Object, members map[string]any) *sobek.Object {
	for name, member := range members {
		if err := object.Set(name, member); err != nil {
			common.Throw(i.vu.Runtime(), err)
		}
	}
	return object
}
