package js

import (
	"fmt"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"
	"go.k6.io/k6/v2/js/modules"
	"go.k6.io/k6/v2/metrics"
)

// trustModule is "k6/x/trust": the ledger and the profile.
type trustModule struct{ process *process }

// trust is the module in one virtual user.
type trustInstance struct {
	process *process
	vu      modules.VU
	metrics trustMetrics
	kafka   *kafkaMetrics
}

// trustMetrics are the counters by which a verdict becomes an exit code, through thresholds.
type trustMetrics struct {
	verdicts     *metrics.Metric // one for each verdict
	findings     *metrics.Metric // broken rules
	inconclusive *metrics.Metric // reasons for doubt
	recovery     *metrics.Metric // of each partition, the longest, in seconds
	stormOpen    *metrics.Metric // connections of a storm that are open
	stormTried   *metrics.Metric // its attempts, by outcome
	stormSeconds *metrics.Metric // how long its stages took to have their connections open
}

var (
	_ modules.Module   = &trustModule{}
	_ modules.Instance = &trustInstance{}
)

// NewModuleInstance implements modules.Module.
func (m *trustModule) NewModuleInstance(vu modules.VU) modules.Instance {
	m.process.attach(vu)
	registry := vu.InitEnv().Registry
	kafka, err := registerMetrics(registry, m.process)
	if err != nil {
		common.Throw(vu.Runtime(), err)
	}
	instance := &trustInstance{process: m.process, vu: vu, kafka: kafka}
	for name, metric := range map[string]**metrics.Metric{
		"trust_verdicts":     &instance.metrics.verdicts,
		"trust_findings":     &instance.metrics.findings,
		"trust_inconclusive": &instance.metrics.inconclusive,
	} {
		if *metric, err = registry.NewMetric(name, metrics.Counter); err != nil {
			common.Throw(vu.Runtime(), fmt.Errorf("registering metric %s: %w", name, err))
		}
	}
	if instance.metrics.recovery, err = registry.NewMetric("trust_recovery_seconds", metrics.Trend); err != nil {
		common.Throw(vu.Runtime(), fmt.Errorf("registering metric trust_recovery_seconds: %w", err))
	}
	instance.metrics.registerStorm(vu, registry)
	return instance
}

// Exports implements modules.Instance.
func (t *trustInstance) Exports() modules.Exports {
	return modules.Exports{Named: map[string]any{"Ledger": t.newLedger, "profile": t.profile}}
}

// profile gives the loaded profile as a plain object, without secrets: it holds none.
func (t *trustInstance) profile() sobek.Value {
	loaded, err := t.process.loadProfile()
	if err == nil {
		var object map[string]any
		if object, err = loaded.Object(); err == nil {
			return t.vu.Runtime().ToValue(object)
		}
	}
	common.Throw(t.vu.Runtime(), err)
	return nil
}
