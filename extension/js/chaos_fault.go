package js

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"
	"go.k6.io/k6/v2/js/promises"

	"k6suite/extension/chaos"
)

// inject begins a fault. A wrong specification throws at once; the promise is for what takes time: to open the target.
func (c *chaosInstance) inject(value sobek.Value) *sobek.Promise {
	rt := c.vu.Runtime()
	spec, err := specification(value)
	if err == nil {
		err = chaos.Check(spec)
	}
	if err == nil && c.vu.State() == nil {
		err = errors.New("faults are injected in setup and in scenarios, not in the init context")
	}
	if err != nil {
		common.Throw(rt, fmt.Errorf("inject: %w", err))
	}
	c.process.catchSignals()
	fault := &jsFault{chaosInstance: c}
	object, err := fault.object()
	if err != nil {
		common.Throw(rt, err)
	}
	return c.async(func(ctx context.Context) (any, error) {
		target, err := c.process.openTarget(ctx)
		if err != nil {
			return nil, err
		}
		fault.handle, err = target.Faults().Inject(ctx, spec)
		return object, err
	})
}

// specification makes JSON of what a script gives.
func specification(value sobek.Value) ([]byte, error) {
	if !isObject(value) {
		return nil, fmt.Errorf("a fault is an object such as { api: \"Produce\", action: \"delay\", delay: \"200ms\" }, not %s", kind(value))
	}
	return json.Marshal(value.Export())
}

// heal ends all faults of the run.
func (c *chaosInstance) heal() *sobek.Promise {
	return c.async(func(ctx context.Context) (any, error) {
		target, err := c.process.openTarget(ctx)
		if err == nil {
			target.Faults().Heal()
		}
		return nil, err
	})
}

// brokers gives the node ids of the brokers that run.
func (c *chaosInstance) brokers() *sobek.Promise {
	return c.async(func(ctx context.Context) (any, error) {
		target, err := c.process.openTarget(ctx)
		if err != nil {
			return nil, err
		}
		return target.Faults().Brokers(ctx)
	})
}

// async runs work off the JavaScript goroutine.
func (c *chaosInstance) async(work func(context.Context) (any, error)) *sobek.Promise {
	promise, resolve, reject := promises.New(c.vu)
	ctx, reporter := c.vu.Context(), c.metrics.reporter(c.vu)
	go func() {
		result, err := work(ctx)
		reporter.report()
		if err != nil {
			reject(err)
			return
		}
		resolve(result)
	}()
	return promise
}

// jsFault is the handle of a fault in the virtual user that injected it.
type jsFault struct {
	*chaosInstance
	handle *chaos.Handle // set before a script gets the object
	done   *sobek.Promise
}

// object is what scripts get.
func (f *jsFault) object() (*sobek.Object, error) {
	rt := f.vu.Runtime()
	object := rt.NewObject()
	for name, get := range map[string]func() any{
		"hits":    func() any { return f.handle.Hits() },
		"records": func() any { return f.handle.Records() },
		"took":    func() any { return f.handle.Took() },
		"done":    func() any { return f.ended() },
	} {
		if err := object.DefineAccessorProperty(name, rt.ToValue(get), nil, sobek.FLAG_FALSE, sobek.FLAG_TRUE); err != nil {
			return nil, err
		}
	}
	return object, errors.Join(object.Set("stop", f.stop), object.Set("waitHits", f.waitHits))
}

// ended is the promise done. It is made when a script first asks for it: k6 keeps an iteration alive as long as a promise is open.
func (f *jsFault) ended() *sobek.Promise {
	if f.done == nil {
		f.done = f.async(func(ctx context.Context) (any, error) {
			select {
			case <-f.handle.Done():
				return nil, nil
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		})
	}
	return f.done
}

func (f *jsFault) stop() *sobek.Promise {
	return f.async(func(context.Context) (any, error) {
		f.handle.Stop()
		return f.handle.Hits(), nil
	})
}

// waitHits waits until the fault has hit so often; it rejects when the fault ends before, or the time is up.
func (f *jsFault) waitHits(n int64, timeout sobek.Value) *sobek.Promise {
	wait, err := 30*time.Second, error(nil)
	if !absent(timeout) {
		wait, err = parseDuration(timeout)
	}
	if err == nil && n < 1 {
		err = fmt.Errorf("waitHits: at least 1 hit can be waited for, not %d", n)
	}
	if err != nil {
		common.Throw(f.vu.Runtime(), err)
	}
	return f.async(func(ctx context.Context) (any, error) {
		ctx, cancel := context.WithTimeout(ctx, wait)
		defer cancel()
		if err := f.handle.WaitHits(ctx, n); err != nil {
			return nil, fmt.Errorf("waitHits: %w (it has hit %d times in %s)", err, f.handle.Hits(), wait)
		}
		return f.handle.Hits(), nil
	})
}
