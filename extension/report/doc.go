// Package report writes verdicts: as text for a terminal, and as files that other tools can read.
package report
