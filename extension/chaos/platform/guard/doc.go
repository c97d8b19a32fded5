// Package guard ends what a killed k6 leaves behind. The guard is a process of its own, in a session of its own, that holds one end of
// a pipe: when the pipe breaks without a goodbye, whoever held the other end is dead. Then it resumes and ends what it was told to
// watch, and ends itself.
package guard
