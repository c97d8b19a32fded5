// Package wholefile writes files that appear whole or not at all.
package wholefile

import "os"

// Write writes a file under another name first, so that no reader sees half of it. What could not be written leaves nothing behind.
func Write(name string, text []byte) error {
	temporary := name + ".part"
	err := os.WriteFile(temporary, text, 0o644)
	if err == nil {
		err = os.Rename(temporary, name)
	}
	if err != nil {
		_ = os.Remove(temporary)
	}
	return err //nolint:wrapcheck // it names the file; whoever calls says what it is
}
