package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"k6suite/extension/chaos/platform"
	"k6suite/extension/chaos/platform/guard"
	"k6suite/extension/internal/procgroup"
)

var errEnded = errors.New("it has ended")

// lastResort is how long a process may take to be gone that was killed.
const lastResort = 10 * time.Second

// child is one process of the profile, started or not.
type child struct {
	name     string
	id       int32  // of a broker
	address  string // of a broker
	argv     []string
	dir      string
	env      []string
	ready    readiness
	patience time.Duration
	log      logFile
	guard    *guard.Guard

	changing sync.Mutex // changes come one after the other
	mu       sync.Mutex
	state    platform.State
	pid      int           // of the process, 0 where none runs
	lead     int           // pid, also after its end: of the session that may have more; 0 once all of it is gone
	born     string        // procgroup.StartTime of lead
	ended    chan struct{} // closed when the process itself has ended
	expected bool          // its end
	exit     string        // how it has ended
	died     []string      // ends that nobody expected
}

// now is the state of the process.
func (c *child) now() platform.State {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == "" {
		return platform.Dead
	}
	return c.state
}

// want says that a change needs another state.
func (c *child) want(states ...platform.State) error {
	state := c.now()
	for _, s := range states {
		if s == state {
			return nil
		}
	}
	return fmt.Errorf("%s is %s", c.name, state)
}

// startTold is start, with the end of the log in its error.
func (c *child) startTold(ctx context.Context) error {
	if err := c.start(ctx); err != nil {
		return fmt.Errorf("%w; %s", err, c.log.ending())
	}
	return nil
}

// start starts the process, and returns when it is ready.
func (c *child) start(ctx context.Context) error {
	c.changing.Lock()
	defer c.changing.Unlock()
	if err := c.want(platform.Dead); err != nil {
		return err
	}
	if err := c.end(syscall.SIGKILL); err != nil { // what a former life has left
		return err
	}
	if err := c.free(ctx); err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	ended, err := c.launch()
	if err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	if err := c.ready.await(ctx, ended); err != nil {
		if errors.Is(err, errEnded) {
			c.mu.Lock()
			err = fmt.Errorf("it ended before it was ready (%s)", c.exit)
			c.mu.Unlock()
		}
		return errors.Join(fmt.Errorf("%s: %w", c.name, err), c.end(syscall.SIGKILL))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pid == 0 { // meanwhile
		return fmt.Errorf("%s: it ended as soon as it was ready (%s)", c.name, c.exit)
	}
	c.state, c.expected = platform.Running, false
	return nil
}

// free says who is there already: what answers now is not the process that is to be started.
func (c *child) free(ctx context.Context) error {
	taken := c.ready.String()
	if !c.ready.answers(ctx) {
		if c.address == "" || !accepts(ctx, c.address) {
			return nil
		}
		taken = c.address
	}
	return fmt.Errorf("%s answers already: %s has taken it: end that one, or choose another port", taken, procgroup.Listener(taken))
}

// launch starts the process. Until it is ready its end is told by who waits for that.
func (c *child) launch() (ended chan struct{}, err error) {
	out, err := c.log.open()
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(c.argv[0], c.argv[1:]...) //nolint:noctx // what the profile says; it outlives the context
	procgroup.Lead(cmd)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.dir, out, out
	cmd.Env = append(append(os.Environ(), c.env...), c.guard.Env())
	c.log.note("started")
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended = make(chan struct{})
	c.mu.Lock()
	c.pid, c.ended, c.expected, c.exit = cmd.Process.Pid, ended, true, ""
	c.lead, c.born = c.pid, procgroup.StartTime(c.pid)
	c.mu.Unlock()
	go c.wait(cmd, ended)
	if err := c.guard.Watch(cmd.Process.Pid); err != nil {
		return nil, errors.Join(err, c.end(syscall.SIGKILL))
	}
	return ended, nil
}

// wait notices the end of the process.
func (c *child) wait(cmd *exec.Cmd, ended chan struct{}) {
	_ = cmd.Wait() // its state says more
	c.mu.Lock()
	defer c.mu.Unlock()
	c.exit = cmd.ProcessState.String()
	c.log.note("ended: %s", c.exit)
	if !c.expected {
		c.died = append(c.died, fmt.Sprintf("%s ended by itself (%s); %s", c.name, c.exit, c.log.ending()))
	}
	c.state, c.pid = platform.Dead, 0
	close(ended)
}

// end has the process end, by a signal, with everything that it has started, also what it has left behind.
func (c *child) end(signal syscall.Signal) error {
	c.mu.Lock()
	lead, born, ended := c.lead, c.born, c.ended
	c.expected = true
	c.mu.Unlock()
	if lead == 0 {
		return nil
	}
	if procgroup.Same(lead, born) { // else the number is another's by now
		if err := c.endGroup(lead, signal, ended); err != nil {
			return err
		}
	}
	<-ended
	c.mu.Lock()
	c.lead = 0
	c.mu.Unlock()
	return c.guard.Forget(lead)
}

func (c *child) endGroup(lead int, signal syscall.Signal, ended <-chan struct{}) error {
	if _, err := procgroup.Signal(lead, signal); err != nil {
		return err
	}
	if signal != syscall.SIGKILL {
		c.awaitPatiently(lead, ended)
		if _, err := procgroup.Signal(lead, syscall.SIGKILL); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastResort)
	defer cancel()
	if err := procgroup.AwaitEnd(ctx, lead); err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	return nil
}

// awaitPatiently waits for the end of a process that was asked for it.
func (c *child) awaitPatiently(pid int, ended <-chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), c.patience)
	defer cancel()
	select {
	case <-ended:
		if procgroup.AwaitEnd(ctx, pid) == nil {
			return
		}
		c.log.note("what it has started did not end within %s of SIGTERM: killed", c.patience)
	case <-ctx.Done():
		c.log.note("did not end within %s of SIGTERM: killed", c.patience)
	}
}
