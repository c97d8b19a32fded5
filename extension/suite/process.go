package suite

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"k6suite/extension/contract"
	"k6suite/extension/report"
)

// runner runs scripts, each in a k6 process of its own, and reads the verdict that each leaves.
type runner struct {
	binary  string   // the k6 binary, itself
	flags   []string // handed to every `k6 run`
	env     []string // NAME=value, on top of the process's environment
	results string   // folder of the results
	// watch is told of each k6 process when it has started, and what it gives is called once that has ended; nil: nobody watches
	watch func(pid int) (ended func())
}

// judged is what a script's process left behind.
type judged struct {
	verdict contract.Verdict
	log     string // file with everything that k6 printed
	exit    int    // exit code of k6
}

// run runs one script under a run id. An error means that there is no verdict.
func (r *runner) run(ctx context.Context, script, runID string) (judged, error) {
	dir := filepath.Join(r.results, runID)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return judged{}, fmt.Errorf("results folder: %w", err)
	}
	out := judged{log: filepath.Join(dir, "k6.log")}
	log, err := os.Create(out.log)
	if err != nil {
		return out, fmt.Errorf("log of %s: %w", script, err)
	}
	defer log.Close()
	// A verdict of an earlier run under the same id must not be taken for this one's.
	if err := os.Remove(filepath.Join(dir, report.VerdictFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return out, fmt.Errorf("verdict of an earlier run: %w", err)
	}

	args := append([]string{"run", "--no-color"}, r.flags...)
	cmd := exec.Command(r.binary, append(args, script)...) //nolint:noctx // a context would kill it, and k6 must be asked to end
	cmd.Env = append(os.Environ(), r.env...)
	cmd.Env = append(cmd.Env, "K6_RUN_ID="+runID, "K6_RESULTS="+r.results)
	out.exit, err = runChild(ctx, cmd, log, r.watch)
	if err != nil {
		return out, fmt.Errorf("starting k6 for %s: %w", script, err)
	}
	out.verdict, err = report.ReadVerdict(dir)
	if errors.Is(err, os.ErrNotExist) {
		return out, fmt.Errorf("%s left no verdict (k6 exited %d); the end of %s:\n%s", script, out.exit, out.log, tail(out.log, 12))
	}
	if err == nil && out.exit != 0 && out.verdict.Status.ExitCode() == 0 {
		return out, fmt.Errorf("%s was judged %s, yet k6 exited %d: see %s, which ends:\n%s",
			script, out.verdict.Status, out.exit, out.log, tail(out.log, 12))
	}
	return out, err
}

// runChild runs a command in a process group of its own, so that a Ctrl-C reaches it once: as our signal, not as the
// terminal's too, which k6 would take for a second one and stop hard. It dies with this process.
func runChild(ctx context.Context, cmd *exec.Cmd, log io.Writer, watch func(pid int) (ended func())) (exit int, err error) {
	runtime.LockOSThread() // the child's death signal is bound to the thread that started it
	defer runtime.UnlockOSThread()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = childAttributes()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGINT) })
	defer stop()
	if watch != nil {
		defer watch(cmd.Process.Pid)()
	}
	err = cmd.Wait()
	var exited *exec.ExitError
	if errors.As(err, &exited) {
		return exited.ExitCode(), nil
	}
	return 0, err
}

// tail gives the last lines of a file, for an error message.
func tail(file string, lines int) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	for end := len(text) - 1; end > 0; end-- {
		if text[end-1] == '\n' {
			if lines--; lines == 0 {
				return string(text[end:])
			}
		}
	}
	return string(text)
}

// longestRunID is what K6_RUN_ID allows.
const longestRunID = 64

// runIDOf names one script's run among those of a suite. What is too long loses its end, and gets a checksum of the whole
// instead: two scripts must not share a folder.
func runIDOf(suite, name string) string {
	id := suite + "-" + name
	if len(id) <= longestRunID {
		return id
	}
	sum := fmt.Sprintf("-%08x", crc32.ChecksumIEEE([]byte(id)))
	return id[:longestRunID-len(sum)] + sum
}

// newSuiteID names a run of several scripts by the time at which it began.
func newSuiteID(now time.Time) string { return now.UTC().Format("20060102-150405") }
