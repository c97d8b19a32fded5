package docker

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// book keeps what a container logs, with what was done to it in between.
type book struct {
	engine    *engine
	container string
	tty       bool // one stream, not two
	path      string
	since     time.Time

	mu    sync.Mutex
	notes []note
}

type note struct {
	at   time.Time
	text string
}

func newBook(e *engine, dir string, f found) *book {
	return &book{
		engine: e, container: f.is.ID, tty: f.is.Config.Tty, since: time.Now(),
		path: filepath.Join(dir, fmt.Sprintf("broker-%d.log", f.id)),
	}
}

// note adds a line of ours.
func (b *book) note(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.notes = append(b.notes, note{at: time.Now(), text: fmt.Sprintf(format, args...)})
}

// save writes the log since the platform was opened into the run's folder. That it cannot be read, since it goes elsewhere, is said there.
func (b *book) save(ctx context.Context) (err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	file, err := os.OpenFile(b.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(file)
	defer func() { err = errors.Join(err, out.Flush(), file.Close()) }()
	notes := b.notes
	tell := func(before time.Time) {
		for len(notes) > 0 && (before.IsZero() || notes[0].at.Before(before)) {
			fmt.Fprintf(out, "--- k6suite %s: %s\n", notes[0].at.UTC().Format("2006-01-02T15:04:05.000Z"), notes[0].text)
			notes = notes[1:]
		}
	}
	why := b.lines(ctx, client.ContainerLogsOptions{Since: b.since.Format(time.RFC3339Nano)}, func(at time.Time, line string) {
		if !at.IsZero() {
			tell(at)
		}
		fmt.Fprintln(out, line)
	})
	tell(time.Time{})
	if why != nil {
		fmt.Fprintf(out, "--- k6suite: the engine does not give its log: %v\n", why)
	}
	return nil
}

const tailLines = 10

// tail is the end of the log.
func (b *book) tail() []string {
	ctx, cancel := context.WithTimeout(context.Background(), lastResort)
	defer cancel()
	var lines []string
	_ = b.lines(ctx, client.ContainerLogsOptions{Tail: fmt.Sprint(tailLines)}, func(_ time.Time, line string) { lines = append(lines, line) })
	return lines
}

// ending is the end of the log, for an error message.
func (b *book) ending() string {
	lines := b.tail()
	if len(lines) == 0 {
		return "it has logged nothing"
	}
	return "its last log lines (docker logs has more):\n  " + strings.Join(lines, "\n  ")
}

// lines reads the log, and gives each line with its time.
func (b *book) lines(ctx context.Context, o client.ContainerLogsOptions, line func(time.Time, string)) error {
	o.ShowStdout, o.ShowStderr, o.Timestamps = true, true, true
	log, err := b.engine.ContainerLogs(ctx, b.container, o)
	if err != nil {
		return err
	}
	defer log.Close()
	w := &splitter{line: func(text string) {
		stamp, rest, _ := strings.Cut(text, " ")
		at, err := time.Parse(time.RFC3339Nano, stamp)
		if err != nil {
			rest = text
		}
		line(at, strings.TrimSuffix(rest, "\r"))
	}}
	defer w.flush()
	if b.tty {
		_, err = io.Copy(w, log)
		return err
	}
	_, err = stdcopy.StdCopy(w, w, log)
	return err
}

// splitter gives the lines of what is written to it.
type splitter struct {
	rest []byte
	line func(string)
}

func (s *splitter) Write(p []byte) (int, error) {
	s.rest = append(s.rest, p...)
	for {
		before, after, whole := bytes.Cut(s.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		s.line(string(before))
		s.rest = after
	}
}

func (s *splitter) flush() {
	if len(s.rest) > 0 {
		s.line(string(s.rest))
	}
}
