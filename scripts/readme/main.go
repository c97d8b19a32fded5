// Command readme puts true output into documents. A block
//
//	<!-- output of: make run | exit 0 -->
//	…
//	<!-- end of output -->
//
// is replaced by what the command prints, so that no document shows what nobody saw. A command that exits with another code
// than the block says is an error, and the document stays as it was.
//
//	go run ./scripts/readme README.md
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
)

func main() {
	if err := update(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "readme:", err)
		os.Exit(1)
	}
}

func update(files []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(files) == 0 {
		return errors.New("name the documents, such as README.md")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("document: %w", err)
		}
		filled, err := fill(string(text), func(command string) (string, int, error) { return run(ctx, command) })
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := os.WriteFile(file, []byte(filled), 0o600); err != nil { // it exists, and keeps its permissions
			return fmt.Errorf("document: %w", err)
		}
	}
	return nil
}

// fill replaces each block of a document by the output of its command.
func fill(text string, run func(command string) (output string, exit int, err error)) (string, error) {
	block := regexp.MustCompile(`(?s)<!-- output of: ([^\n]+) \| exit (\d+) -->\n.*?<!-- end of output -->`)
	if strings.Count(text, "<!-- output of:") != len(block.FindAllString(text, -1)) {
		return "", errors.New(`a block is not of the form "<!-- output of: command | exit 0 -->" … "<!-- end of output -->"`)
	}
	var failed []error
	filled := block.ReplaceAllStringFunc(text, func(old string) string {
		parts := block.FindStringSubmatch(old)
		output, exit, err := run(parts[1])
		switch want, _ := strconv.Atoi(parts[2]); {
		case err != nil:
			failed = append(failed, fmt.Errorf("%s: %w", parts[1], err))
		case exit != want:
			failed = append(failed, fmt.Errorf("%s: exit code %d, and %d was promised:\n%s", parts[1], exit, want, output))
		}
		begin, shown := fmt.Sprintf("<!-- output of: %s | exit %s -->", parts[1], parts[2]), "$ "+parts[1]+"\n"+clean(output)
		return begin + "\n```console\n" + shown + "```\n<!-- end of output -->"
	})
	return filled, errors.Join(failed...)
}

// clean takes away what only a terminal can show, and ends the text with one line end.
func clean(output string) string {
	output = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]`).ReplaceAllString(output, "")
	var lines []string
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, "\r\n \t")
		if at := strings.LastIndexByte(line, '\r'); at >= 0 {
			line = line[at+1:] // a progress bar shows its last state
		}
		lines = append(lines, line)
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n") + "\n"
}

func run(ctx context.Context, command string) (output string, exit int, err error) {
	text, err := exec.CommandContext(ctx, "bash", "-c", command).CombinedOutput()
	if exited, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(text), exited.ExitCode(), nil
	}
	return string(text), 0, err
}
