package guard

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"

	"k6suite/extension/internal/procgroup"
)

// Mark is the environment variable by which processes are found that belong to a guard: see Guard.Env.
const Mark = "K6SUITE_GUARD"

// ready is what the guard says when it watches.
const ready = "ready"

// message is one line of what a guard is told.
type message struct {
	Token   string `json:"token,omitempty"` // of the processes that belong to it
	Watch   *watch `json:"watch,omitempty"`
	Forget  int    `json:"forget,omitempty"`
	Remove  string `json:"remove,omitempty"` // a file or folder
	Goodbye bool   `json:"goodbye,omitempty"`
}

// watch is a process that leads a session.
type watch struct {
	PID   int    `json:"pid"`
	Start string `json:"start,omitempty"` // procgroup.StartTime
	// Resume: it was only paused, and is not to be ended.
	Resume bool `json:"resume,omitempty"`
}

// Guard is a guard at work, seen from the process that it guards. It is safe for concurrent use.
type Guard struct {
	cmd   *exec.Cmd
	token string

	mu     sync.Mutex
	in     io.WriteCloser
	closed error // what Close has said; nil while open
}

// Start starts a guard, which is a command that calls Run, and returns when it watches. What it has to say goes to log.
func Start(ctx context.Context, command []string, log *os.File) (*Guard, error) {
	if len(command) == 0 {
		return nil, errors.New("guard: no command")
	}
	// It must outlive ctx.
	cmd := exec.Command(command[0], command[1:]...) //nolint:noctx // this program, or the one of a test
	procgroup.Lead(cmd)
	cmd.Stderr = log
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	g := &Guard{cmd: cmd, in: in, token: rand.Text()}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer stop()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == ready {
			return g, g.tell(message{Token: g.token})
		}
	}
	_ = in.Close()
	return nil, fmt.Errorf("guard: %s ended before it watched: %w", command[0], errors.Join(cmd.Wait(), context.Cause(ctx)))
}

// Env is what processes need in their environment to be found, even if they leave the session in which they were started.
func (g *Guard) Env() string { return Mark + "=" + g.token }

// Watch has the guard end a process, and everything in the session that it leads, if this process dies.
func (g *Guard) Watch(pid int) error {
	return g.tell(message{Watch: &watch{PID: pid, Start: procgroup.StartTime(pid)}})
}

// WatchPaused has the guard resume a process, and everything in its session, if this process dies.
func (g *Guard) WatchPaused(pid int) error {
	return g.tell(message{Watch: &watch{PID: pid, Start: procgroup.StartTime(pid), Resume: true}})
}

// Forget takes back Watch and WatchPaused.
func (g *Guard) Forget(pid int) error { return g.tell(message{Forget: pid}) }

// Remove has the guard remove a file or folder if this process dies.
func (g *Guard) Remove(path string) error { return g.tell(message{Remove: path}) }

// Close says goodbye: the guard ends, and leaves everything as it is. A second call does nothing more.
func (g *Guard) Close() error {
	err := g.tell(message{Goodbye: true})
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed != nil {
		return nil
	}
	g.closed = errors.New("guard: it has been told goodbye")
	return errors.Join(err, g.in.Close(), g.cmd.Wait())
}

func (g *Guard) tell(m message) error {
	line, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("guard: %w", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed != nil {
		return g.closed
	}
	if _, err := g.in.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("guard: it has ended, so nothing would end processes if k6 was killed: %w", err)
	}
	return nil
}
