package kafkaproxy

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

const defaultEventBytes = 64 << 20

// eventFile is a file of events, bounded.
type eventFile struct {
	file *os.File
	out  *bufio.Writer
	left int64
	full bool
	err  error // the first
}

func openEventFile(name string, bytes int64) (*eventFile, error) {
	file, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("events: %w", err)
	}
	if bytes == 0 {
		bytes = defaultEventBytes
	}
	return &eventFile{file: file, out: bufio.NewWriter(file), left: bytes}, nil
}

// write appends a line as long as there is room, and then one that says that there is none.
func (f *eventFile) write(event Event) {
	if f.full || f.err != nil {
		return
	}
	line, err := json.Marshal(event)
	if err != nil {
		f.err = err
		return
	}
	if int64(len(line))+1 > f.left {
		f.full = true
		line = []byte(`{"ended":"the file has its greatest size: what came later is not here"}`)
	}
	f.left -= int64(len(line)) + 1
	if _, err := f.out.Write(append(line, '\n')); err != nil {
		f.err = err
	}
}

func (f *eventFile) close() error {
	if err := errors.Join(f.err, f.out.Flush(), f.file.Close()); err != nil {
		return fmt.Errorf("events: %w", err)
	}
	return nil
}
