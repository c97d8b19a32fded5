package js

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"

	"k6suite/extension/chaos"
	"k6suite/extension/trust"
)

// plan makes a schedule of faults, without I/O: it may be made in the init context.
func (c *chaosInstance) plan(value sobek.Value) *sobek.Object {
	rt := c.vu.Runtime()
	made, err := planOf(value)
	var object *sobek.Object
	if err == nil {
		object, err = planObject(rt, made)
	}
	if err != nil {
		common.Throw(rt, err)
	}
	return object
}

// planObject is what scripts get of a plan. JavaScript itself reads the JSON, for it keeps the order of keys: the same plan looks the
// same.
func planObject(rt *sobek.Runtime, made *chaos.Plan) (*sobek.Object, error) {
	text, err := json.Marshal(made)
	if err != nil {
		return nil, err
	}
	codec := newByteCodec(rt)
	parsed, err := codec.parseJSON(codec.json, rt.ToValue(string(text)))
	if err != nil {
		return nil, err
	}
	object := parsed.ToObject(rt)
	return object, object.Set("text", made.Text())
}

// planOf reads the options of a plan, or a plan that was made before.
func planOf(value sobek.Value) (*chaos.Plan, error) {
	var content map[string]any
	if isObject(value) {
		content, _ = value.Export().(map[string]any)
	}
	if content == nil {
		return nil, fmt.Errorf(`plan: it is an object such as { faults: [{ at: "5s", action: "roll" }] }, not %s`, kind(value))
	}
	content = maps.Clone(content)
	delete(content, "text") // for people
	spec, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
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
	if err == nil && !slices.Contains(needNames(), what) {
		err = fmt.Errorf("can: %q is nothing that is done to a target (there are: %s)", what, strings.Join(needNames(), ", "))
	}
	if err != nil {
		common.Throw(c.vu.Runtime(), err)
	}
	return trust.Unable(loaded, trust.Need(what)) == ""
}
