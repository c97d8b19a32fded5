// Package chaos has the faults of a run: what is injected, on whatever, is here until it has ended, and nothing of it outlives
// the run.
package chaos
