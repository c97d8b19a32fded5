package procgroup

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// stat is what the kernel tells of a process: proc(5), /proc/[pid]/stat.
type stat struct {
	pid, group, session int
	state               string
	start               string
}

func read(pid int) (stat, bool) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return stat{}, false
	}
	// The name stands in parentheses, and may hold any character.
	_, rest, found := strings.Cut(string(text[max(bytes.LastIndexByte(text, ')'), 0):]), ") ")
	fields := strings.Fields(rest)
	const startTime = 19 // field 22, and the first two are cut off
	if !found || len(fields) <= startTime {
		return stat{}, false
	}
	s := stat{pid: pid, state: fields[0], start: fields[startTime]}
	s.group, _ = strconv.Atoi(fields[2])
	s.session, _ = strconv.Atoi(fields[3])
	return s, true
}

// pids are all processes.
func pids() []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var all []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			all = append(all, pid)
		}
	}
	return all
}

// members are the processes of a session, or group, that have not ended.
func members(leader int) []stat {
	var all []stat
	for _, pid := range pids() {
		s, ok := read(pid)
		if ok && (s.group == leader || s.session == leader) && s.state != "Z" && s.state != "X" {
			all = append(all, s)
		}
	}
	return all
}

// Members are the processes of a session that have not ended, its leader included.
func Members(leader int) []int {
	var out []int
	for _, s := range members(leader) {
		out = append(out, s.pid)
	}
	return out
}

func apart(leader int) []int {
	var out []int
	for _, s := range members(leader) {
		if s.group != leader {
			out = append(out, s.pid)
		}
	}
	return out
}

func alive(leader int) bool { return len(members(leader)) > 0 }

func stopped(leader int) bool {
	return !slices.ContainsFunc(members(leader), func(s stat) bool { return s.state != "T" && s.state != "t" })
}

func marked(mark string) []int {
	var out []int
	for _, pid := range pids() {
		text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "environ"))
		if err == nil && pid != os.Getpid() && bytes.Contains(append([]byte{0}, text...), []byte("\x00"+mark+"\x00")) {
			out = append(out, pid)
		}
	}
	return out
}

// StartTime tells processes apart that had the same number one after the other; "" if there is none, or the system does not tell.
func StartTime(pid int) string {
	s, _ := read(pid)
	return s.start
}
