package js

import (
	"fmt"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"
	"go.k6.io/k6/v2/js/modules"
)

// chaosModule is "k6/x/chaos": faults on the target.
type chaosModule struct{ process *process }

// chaosInstance is the module in one virtual user.
type chaosInstance struct {
	process *process
	vu      modules.VU
	metrics *kafkaMetrics
}

var (
	_ modules.Module   = &chaosModule{}
	_ modules.Instance = &chaosInstance{}
)

// NewModuleInstance implements modules.Module.
func (m *chaosModule) NewModuleInstance(vu modules.VU) modules.Instance {
	m.process.attach(vu)
	registered, err := registerMetrics(vu.InitEnv().Registry, m.process)
	if err != nil {
		common.Throw(vu.Runtime(), err)
	}
	return &chaosInstance{process: m.process, vu: vu, metrics: registered}
}

// Exports implements modules.Instance.
func (c *chaosInstance) Exports() modules.Exports {
	return modules.Exports{Named: map[string]any{"Target": c.newTarget}}
}

// newTarget is the constructor of Target: it checks that the script means the profile of this process, and does no I/O.
func (c *chaosInstance) newTarget(call sobek.ConstructorCall) *sobek.Object {
	rt := c.vu.Runtime()
	loaded, err := c.process.loadProfile()
	if err == nil {
		err = meant(rt, call.Argument(0), loaded.Name)
	}
	if err != nil {
		common.Throw(rt, err)
	}
	for name, member := range map[string]any{
		"profile": loaded.Name, "inject": c.inject, "plan": c.plan, "follow": c.follow, "can": c.can, "heal": c.heal, "brokers": c.brokers,
	} {
		if err := call.This.Set(name, member); err != nil {
			common.Throw(rt, err)
		}
	}
	return call.This
}

// meant checks the argument of Target: nothing, the profile, or its name. There is one target in a process.
func meant(rt *sobek.Runtime, value sobek.Value, name string) error {
	if absent(value) {
		return nil
	}
	given, ok := value.Export().(string)
	if !ok && isObject(value) {
		given, ok = value.ToObject(rt).Get("name").Export().(string)
	}
	if !ok {
		//nolint:staticcheck // it begins with the name of the class, as the errors of options do
		return fmt.Errorf("Target: profile must be what profile() gives, or the name of it, not %s", kind(value))
	}
	if given != name {
		//nolint:staticcheck // it begins with the name of the class, as the errors of options do
		return fmt.Errorf("Target: the profile of this run is %q, not %q: K6_PROFILE picks it", name, given)
	}
	return nil
}
