// Package graph writes a Go value with all that it points to, unexported fields included, and reads it back: a snapshot of a whole
// package's state, without a second description of it that could fall behind.
//
// What is written fits the types that wrote it and no others: [Shape] tells them apart, and its caller keeps it beside the data. Pointers
// stay what they are: two that were equal are equal again. Locks are read back open. A field with the tag graph:"-" is left as it is.
// Interfaces, functions and channels cannot be written: [Write] names the first one that it meets.
package graph
