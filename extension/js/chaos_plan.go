package js

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"

	"k6suite/extension/chaos"
	"k6suite/extension/trust"
)

// plan makes a schedule of faults, without I/O: it may be made in the init context.
func (c *chaosInstance) plan(value sobek.Value) *sobek.Object {
	rt := c.vu.Runtime()
	made, err := planOf(value)
	if err != nil {
		common.Throw(rt, fmt.Errorf("plan: %w", err))
	}
	text, err := json.Marshal(made)
	var content map[string]any
	if err == nil {
		err = json.Unmarshal(text, &content)
	}
	if err != nil {
		common.Throw(rt, err)
	}
	content["text"] = made.Text()
	return rt.ToValue(content).ToObject(rt)
}

// planOf reads the options of a plan, or a plan that was made before.
func planOf(value sobek.Value) (*chaos.Plan, error) {
	spec, err := specification(value)
	if err != nil {
		return nil, err
	}
	var content map[string]json.RawMessage
	if err := json.Unmarshal(spec, &content); err != nil {
		return nil, err
	}
	delete(content, "text") // for people
	if spec, err = json.Marshal(content); err != nil {
		return nil, err
	}
	return chaos.NewPlan(spec)
}

// follow prints and saves a plan, and carries it out.
func (c *chaosInstance) follow(value sobek.Value) *sobek.Promise {
	made, err := planOf(value)
	if err != nil {
		common.Throw(c.vu.Runtime(), fmt.Errorf("follow: %w", err))
	}
	c.process.catchSignals()
	return c.async(func(ctx context.Context) (any, error) {
		target, err := c.process.openTarget(ctx)
		if err != nil {
			return nil, err
		}
		if err := c.process.announcePlan(made); err != nil {
			return nil, err
		}
		handles, err := target.Faults().Follow(ctx, made)
		hits := make([]int64, len(handles))
		for i, h := range handles {
			hits[i] = h.Hits()
		}
		return hits, err
	})
}

// can says whether the profile tells how something is done to the target.
func (c *chaosInstance) can(what string) bool {
	loaded, err := c.process.loadProfile()
	if err != nil {
		common.Throw(c.vu.Runtime(), err)
	}
	return trust.Unable(loaded, trust.Need(what)) == ""
}
