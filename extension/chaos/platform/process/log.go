package process

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// logFile keeps what a process prints, over its restarts.
type logFile struct{ dir, name string }

func (l logFile) path() string { return filepath.Join(l.dir, l.name+".log") }

func (l logFile) open() (*os.File, error) {
	return os.OpenFile(l.path(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
}

// note adds a line of ours.
func (l logFile) note(format string, args ...any) {
	file, err := l.open()
	if err != nil {
		return // the next start of the process says so
	}
	defer file.Close()
	at := time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	fmt.Fprintf(file, "--- k6suite %s: %s\n", at, fmt.Sprintf(format, args...))
}

const (
	tailLines = 10
	tailBytes = 8 << 10
)

// tail is the end of the log.
func (l logFile) tail() []string {
	file, err := os.Open(l.path())
	if err != nil {
		return nil
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil
	}
	text := make([]byte, min(info.Size(), tailBytes))
	if _, err := file.ReadAt(text, info.Size()-int64(len(text))); err != nil {
		return nil
	}
	if info.Size() > tailBytes { // its first line is the end of one
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	if lines[0] == "" && len(lines) == 1 {
		return nil
	}
	return lines[max(len(lines)-tailLines, 0):]
}

// ending is the end of the log, for an error message.
func (l logFile) ending() string {
	lines := l.tail()
	if len(lines) == 0 {
		return "it has printed nothing"
	}
	return "its last log lines (" + l.path() + "):\n  " + strings.Join(lines, "\n  ")
}
