// Package procgroup acts on a process and everything that it has started: on the session that it leads.
package procgroup

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// Lead has a command lead a session of its own: no signal of a terminal reaches it, and its children can be told from all others.
func Lead(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// Signal sends a signal to every process of the session that a process leads, or led. It reports whether there was one.
func Signal(leader int, signal syscall.Signal) (bool, error) {
	err := syscall.Kill(-leader, signal)
	there := err == nil
	if errors.Is(err, syscall.ESRCH) {
		err = nil
	}
	for _, pid := range apart(leader) { // shells give jobs groups of their own
		switch other := syscall.Kill(pid, signal); {
		case other == nil:
			there = true
		case !errors.Is(other, syscall.ESRCH):
			err = errors.Join(err, other)
		}
	}
	if err != nil {
		return there, fmt.Errorf("signal %s to process %d and its children: %w", signal, leader, err)
	}
	return there, nil
}

// pace is how often processes are looked at that nobody tells of.
const pace = 5 * time.Millisecond

// AwaitEnd waits until no process of the session is left. What has ended and was not yet waited for by its parent counts as gone.
func AwaitEnd(ctx context.Context, leader int) error {
	return await(ctx, func() bool { return !alive(leader) }, "still runs")
}

// AwaitStop waits until every process of the session is stopped, as by SIGSTOP.
func AwaitStop(ctx context.Context, leader int) error {
	return await(ctx, func() bool { return stopped(leader) }, "is not stopped")
}

func await(ctx context.Context, so func() bool, not string) error {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for !so() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("a process of the group %s: %w", not, context.Cause(ctx))
		}
	}
	return nil
}

// KillMarked ends, as SIGKILL does, every process that has a "NAME=value" in the environment that it was started with, wherever it has
// gone. Where the system does not tell, it does nothing.
func KillMarked(mark string) {
	for _, pid := range marked(mark) {
		_ = syscall.Kill(pid, syscall.SIGKILL) // gone already is as good
	}
}

// Same reports whether a process is the one that once had this StartTime: numbers are used again. Of one that is gone it says yes.
func Same(pid int, start string) bool {
	now := StartTime(pid)
	return now == "" || start == "" || now == start
}
