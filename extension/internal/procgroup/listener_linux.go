package procgroup

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Listener names who listens at the port of an address: "process 4711 (java)"; "another process" where this user may not know.
func Listener(address string) string {
	const unknown = "another process"
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		return unknown
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return unknown
	}
	var sockets []string
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		sockets = append(sockets, listening(table, uint16(port))...)
	}
	open, _ := filepath.Glob("/proc/[0-9]*/fd/*") // of processes that are not ours it finds nothing
	for _, file := range open {
		if target, err := os.Readlink(file); err == nil && slices.Contains(sockets, target) {
			pid := strings.Split(file, "/")[2]
			name, _ := os.ReadFile(filepath.Join("/proc", pid, "comm"))
			return fmt.Sprintf("process %s (%s)", pid, strings.TrimSpace(string(name)))
		}
	}
	return unknown
}

// listening finds the sockets that listen at a port, as the links in /proc/*/fd name them.
func listening(table string, port uint16) (sockets []string) {
	text, err := os.ReadFile(table)
	if err != nil {
		return nil
	}
	const (
		local, state, inode = 1, 3, 9 // columns
		listens             = "0A"
	)
	for line := range strings.Lines(string(text)) {
		columns := strings.Fields(line)
		if len(columns) > inode && columns[state] == listens && strings.HasSuffix(columns[local], fmt.Sprintf(":%04X", port)) {
			sockets = append(sockets, "socket:["+columns[inode]+"]")
		}
	}
	return sockets
}
