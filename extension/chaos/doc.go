// Package chaos has the faults of a run: what is injected, on whatever, is here until it has ended, and nothing of it outlives
// the run.
//
// Faults are of three families, which their specifications tell apart: on the wire between clients and brokers, on storage, which a
// specification names by the key "storage", and on processes, whose actions are those of no other family.
package chaos
