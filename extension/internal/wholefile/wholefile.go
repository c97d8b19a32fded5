// Package wholefile writes files that appear whole or not at all.
package wholefile

import (
	"io"
	"os"
)

// Write writes a file under another name first, so that no reader sees half of it. What could not be written leaves nothing behind.
func Write(name string, text []byte) error {
	return Stream(name, func(to io.Writer) error {
		_, err := to.Write(text)
		return err
	})
}

// Stream is Write for a file that is written piece by piece.
func Stream(name string, write func(to io.Writer) error) error {
	temporary := name + ".part"
	file, err := os.Create(temporary)
	if err != nil {
		return err //nolint:wrapcheck // it names the file; whoever calls says what it is
	}
	err = write(file)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temporary, name)
	}
	if err != nil {
		_ = os.Remove(temporary)
	}
	return err //nolint:wrapcheck // it names the file; whoever calls says what it is
}
