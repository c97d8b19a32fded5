package docker

import (
	"context"
	"fmt"
	"slices"

	"github.com/moby/moby/client"

	"k6suite/extension/chaos/platform"
)

// heal undoes what a run has left that could not end its faults, since it was killed: copies are removed, brokers resumed or started,
// spares stopped. It returns which of the brokers are left, and says what it has done.
func (p *Platform) heal(ctx context.Context, brokers, spares []found) ([]found, error) {
	var err error
	brokers = slices.DeleteFunc(slices.Clone(brokers), func(f found) bool {
		if f.is.Config.Labels[LabelCopy] == "" || err != nil {
			return false
		}
		_, err = p.engine.ContainerRemove(ctx, f.is.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		p.noted("container %s was left by a run that did not end well: removed", f.name())
		return true
	})
	for _, f := range brokers {
		if err == nil {
			err = p.healBroker(ctx, f)
		}
	}
	for _, f := range spares {
		if err == nil && f.is.State.Running {
			err = p.healSpare(ctx, f)
		}
	}
	return brokers, err
}

func (p *Platform) healBroker(ctx context.Context, f found) (err error) {
	switch stateOf(f.is.State) {
	case platform.Paused:
		p.noted("container %s was paused before the run: resumed", f.name())
		_, err = p.engine.ContainerUnpause(ctx, f.is.ID, client.ContainerUnpauseOptions{})
	case platform.Dead:
		p.noted("container %s did not run before the run (%s): started", f.name(), how(f.is.State))
		_, err = p.engine.ContainerStart(ctx, f.is.ID, client.ContainerStartOptions{})
	}
	if err != nil {
		return fmt.Errorf("container %s: %w", f.name(), err)
	}
	return nil
}

func (p *Platform) healSpare(ctx context.Context, f found) (err error) {
	p.noted("container %s is a spare, and ran before the run: stopped", f.name())
	if f.is.State.Paused {
		_, err = p.engine.ContainerUnpause(ctx, f.is.ID, client.ContainerUnpauseOptions{})
	}
	if err == nil {
		_, err = p.engine.ContainerStop(ctx, f.is.ID, client.ContainerStopOptions{})
	}
	if err != nil {
		return fmt.Errorf("container %s: %w", f.name(), err)
	}
	return nil
}

func (p *Platform) noted(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

// Notes tell what was found and put right before the run.
func (p *Platform) Notes() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.notes)
}
