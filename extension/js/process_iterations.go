package js

import (
	"context"
	"fmt"

	"github.com/sirupsen/logrus"
	"go.k6.io/k6/v2/lib"

	"k6suite/extension/trust"
)

// k6 exits 0 when a scenario function throws or is cut off, though what the function was to look at has not been looked at. Both
// cast doubt on the run. An exception shows in what k6 logs of its scenarios; its event of an ended iteration tells the same,
// but whoever listens to that makes k6 warn of each iteration that a Ctrl-C cuts off.

// Fire implements logrus.Hook.
func (p *process) Fire(entry *logrus.Entry) error {
	scenario, ok := entry.Data["scenario"]
	if _, executed := entry.Data["executor"]; ok && executed {
		p.iterationFailed(fmt.Sprint(scenario), entry.Message)
	}
	return nil
}

// Levels implements logrus.Hook.
func (p *process) Levels() []logrus.Level { return []logrus.Level{logrus.ErrorLevel} }

// hookInto has a hook see what k6 logs.
func hookInto(logger logrus.FieldLogger, hook logrus.Hook) {
	switch l := logger.(type) {
	case *logrus.Logger:
		l.AddHook(hook)
	case *logrus.Entry:
		l.Logger.AddHook(hook)
	default:
		logger.Errorf("this k6 logs by a %T: exceptions of scenarios will not show in the verdict", logger)
	}
}

// noteExecution keeps what counts the iterations: only a scenario's context holds it, that of teardown does not.
func (p *process) noteExecution(ctx context.Context) {
	if state := lib.GetExecutionState(ctx); state != nil {
		p.execution.Store(state)
	}
}

// doubtCutOff doubts a run of which k6 cut iterations off: their time was up, or the test was aborted.
func (p *process) doubtCutOff(run *trust.Run) {
	if state := p.execution.Load(); state != nil && state.GetPartialIterationCount() > 0 {
		run.Doubt(fmt.Sprintf("k6 cut %d iterations off before they had got to their end", state.GetPartialIterationCount()))
	}
}
