package process

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"k6suite/extension/chaos/platform"
	"k6suite/extension/internal/procgroup"
)

// kill is SIGKILL.
func (c *child) kill() error {
	c.changing.Lock()
	defer c.changing.Unlock()
	if err := c.want(platform.Running, platform.Paused); err != nil {
		return err
	}
	c.log.note("killed")
	return c.end(syscall.SIGKILL)
}

// stop is SIGTERM, and SIGKILL for who does not heed it.
func (c *child) stop() error {
	c.changing.Lock()
	defer c.changing.Unlock()
	if err := c.want(platform.Running); err != nil {
		return err
	}
	c.log.note("asked to end")
	return c.end(syscall.SIGTERM)
}

// pause is SIGSTOP.
func (c *child) pause(ctx context.Context) error {
	c.changing.Lock()
	defer c.changing.Unlock()
	if err := c.want(platform.Running); err != nil {
		return err
	}
	c.mu.Lock()
	pid := c.pid
	c.mu.Unlock()
	c.log.note("paused")
	if _, err := procgroup.Signal(pid, syscall.SIGSTOP); err != nil {
		return err
	}
	if err := procgroup.AwaitStop(ctx, pid); err != nil {
		_, undone := procgroup.Signal(pid, syscall.SIGCONT)
		return errors.Join(fmt.Errorf("%s: %w", c.name, err), undone)
	}
	return c.become(platform.Paused)
}

// resume is SIGCONT.
func (c *child) resume() error {
	c.changing.Lock()
	defer c.changing.Unlock()
	if err := c.want(platform.Paused); err != nil {
		return err
	}
	c.mu.Lock()
	pid := c.pid
	c.mu.Unlock()
	c.log.note("resumed")
	if _, err := procgroup.Signal(pid, syscall.SIGCONT); err != nil {
		return err
	}
	return c.become(platform.Running)
}

func (c *child) become(state platform.State) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pid == 0 {
		return fmt.Errorf("%s has ended (%s)", c.name, c.exit)
	}
	c.state = state
	return nil
}

// close ends the process, whatever it does.
func (c *child) close() error {
	c.changing.Lock()
	defer c.changing.Unlock()
	c.mu.Lock()
	pid, paused := c.pid, c.state == platform.Paused
	c.expected = true
	c.mu.Unlock()
	if paused && pid != 0 {
		if _, err := procgroup.Signal(pid, syscall.SIGCONT); err != nil {
			return err
		}
	}
	return c.end(syscall.SIGTERM)
}

// deaths are the ends that nobody expected.
func (c *child) deaths() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string{}, c.died...)
}
