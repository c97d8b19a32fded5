package storm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"k6suite/extension/kafka"
)

// said is one line of what a process that storms says.
type said struct {
	Counts *Counts `json:"counts,omitempty"`
	Report *Report `json:"report,omitempty"`
	Error  string  `json:"error,omitempty"`
}

// Serve is the process that storms: it reads a plan, says how it stands, a line of JSON at a time, and ends with the report. It ends
// early when its input does: who started it is gone then.
func Serve(ctx context.Context, cfg kafka.Config, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var plan Plan
	decoder := json.NewDecoder(in)
	if err := decoder.Decode(&plan); err != nil {
		return fmt.Errorf("storm: reading the plan: %w", err)
	}
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, in)
	}()
	say := json.NewEncoder(out)
	report, err := Run(ctx, cfg, plan, func(c Counts) {
		if say.Encode(said{Counts: &c}) != nil {
			cancel()
		}
	})
	if err != nil {
		return say.Encode(said{Error: err.Error()})
	}
	return say.Encode(said{Report: &report})
}

// Command is how a process is started that storms.
type Command struct {
	Path string
	Args []string
	Env  []string // nil: that of this process
}

// Run has a process of its own storm: its descriptors and its memory are not those of this one, in which the cluster may run, too.
func (c Command) Run(ctx context.Context, plan Plan, watch func(Counts)) (Report, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Path, c.Args...)
	cmd.Env, cmd.WaitDelay = c.Env, 5*time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for who waits for the report
	var complaint strings.Builder
	cmd.Stderr = &complaint
	in, err := cmd.StdinPipe()
	if err != nil {
		return Report{}, fmt.Errorf("storm: %w", err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		return Report{}, fmt.Errorf("storm: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return Report{}, fmt.Errorf("storm: starting a process for it: %w", err)
	}
	report, err := follow(in, out, plan, watch)
	if err != nil {
		cancel()
	}
	_ = in.Close()
	if ended := cmd.Wait(); err != nil {
		return Report{}, fmt.Errorf("storm: its process (%s): %w %s", ending(ended), err, strings.TrimSpace(complaint.String()))
	}
	return report, nil
}

func ending(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// follow hands over the plan, and reads until the report.
func follow(in io.Writer, out io.Reader, plan Plan, watch func(Counts)) (Report, error) {
	if err := json.NewEncoder(in).Encode(plan); err != nil && !errors.Is(err, os.ErrClosed) {
		return Report{}, err
	}
	for heard := json.NewDecoder(out); ; {
		var one said
		if err := heard.Decode(&one); err != nil {
			return Report{}, fmt.Errorf("it ended without a report: %w", err)
		}
		switch {
		case one.Error != "":
			return Report{}, errors.New(one.Error)
		case one.Report != nil:
			return *one.Report, nil
		case one.Counts != nil:
			watch(*one.Counts)
		}
	}
}
