package foreign

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// line is one event of either tool; each has some of the fields.
type line struct {
	Timestamp  int64       `json:"timestamp"` // milliseconds
	Name       string      `json:"name"`
	Key        *string     `json:"key"`
	Value      *string     `json:"value"`
	Topic      string      `json:"topic"`
	Partition  int32       `json:"partition"`
	Offset     int64       `json:"offset"`
	Exception  string      `json:"exception"` // a Java class
	Message    string      `json:"message"`
	Sent       *int64      `json:"sent"`
	Success    bool        `json:"success"`
	Offsets    []partition `json:"offsets"`
	Partitions []partition `json:"partitions"`
}

type partition struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
}

func (l *line) at() time.Time { return time.UnixMilli(l.Timestamp) }

// longestLine bounds one event: records_consumed names every partition.
const longestLine = 4 << 20

// ErrNoLines is what is said of output that has none of a tool's lines.
var ErrNoLines = errors.New("it has no lines of JSON with a name")

// lines visits the events in a tool's output, and passes over what else was printed there, such as a warning of the JVM.
func lines(in io.Reader, visit func(number int, l *line) error) error {
	scanner := bufio.NewScanner(in)
	scanner.Buffer(nil, longestLine)
	found := false
	for number := 1; scanner.Scan(); number++ {
		text := scanner.Bytes()
		if len(text) == 0 || text[0] != '{' {
			continue
		}
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		if l.Name == "" {
			continue
		}
		found = true
		if err := visit(number, &l); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("reading it: %w", err)
	}
	if !found {
		return ErrNoLines
	}
	return nil
}
