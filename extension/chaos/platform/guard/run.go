package guard

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"k6suite/extension/internal/procgroup"
)

// lastResort is how long ended processes may take to be gone.
const lastResort = 10 * time.Second

// Run is the guard itself: it says on out that it watches, reads from in what it is told, and returns on a goodbye, or when all is
// done that the end of in without one calls for.
func Run(in io.Reader, out io.Writer) error {
	if _, err := fmt.Fprintln(out, ready); err != nil {
		return fmt.Errorf("guard: %w", err)
	}
	watched, token := map[int]watch{}, ""
	var remove []string
	var wrong error
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var m message
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("guard: a message that is none: %w", err)) // half of a line: its writer died
			continue
		}
		switch {
		case m.Goodbye:
			return wrong
		case m.Token != "":
			token = m.Token
		case m.Watch != nil:
			watched[m.Watch.PID] = *m.Watch
		case m.Forget != 0:
			delete(watched, m.Forget)
		case m.Remove != "":
			remove = append(remove, m.Remove)
		}
	}
	wrong = errors.Join(wrong, endAll(watched))
	if token != "" {
		procgroup.KillMarked(Mark + "=" + token)
	}
	for _, path := range remove {
		wrong = errors.Join(wrong, os.RemoveAll(path))
	}
	return wrong
}

// endAll resumes what may be paused, ends what is to be ended, all at once, and waits until it is gone.
func endAll(watched map[int]watch) (wrong error) {
	var ended []int
	for pid, w := range watched {
		if !procgroup.Same(pid, w.Start) {
			continue // another process has its number by now
		}
		_, err := procgroup.Signal(pid, syscall.SIGCONT)
		if !w.Resume {
			_, killed := procgroup.Signal(pid, syscall.SIGKILL)
			err = errors.Join(err, killed)
			ended = append(ended, pid)
		}
		wrong = errors.Join(wrong, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastResort)
	defer cancel()
	for _, pid := range ended {
		wrong = errors.Join(wrong, procgroup.AwaitEnd(ctx, pid))
	}
	return wrong
}
