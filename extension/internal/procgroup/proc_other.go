//go:build !linux

package procgroup

import "syscall"

// Without /proc, the group of the leader is all that can be seen.

// Members are not known here.
func Members(int) []int { return nil }

func apart(int) []int { return nil }

func alive(leader int) bool { return syscall.Kill(-leader, 0) == nil }

func stopped(int) bool { return true }

func marked(string) []int { return nil }

// StartTime tells processes apart that had the same number one after the other; "" if there is none, or the system does not tell.
func StartTime(int) string { return "" }
