// Package saved keeps runs as they were judged, so that anybody can judge them again: on another day, on another machine, or several
// of one test as one.
//
// A file is two lines of text, what it is and a [Header] in JSON, and then a [Run], compressed. What it holds of the ledger fits the
// shape of the ledger that wrote it, so a binary of another shape refuses it and says from which commit the right one is built.
package saved
