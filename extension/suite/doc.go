// Package suite holds the commands of `k6 x suite`: run several scripts and merge their contracts, list the lies, prove
// the rules, keep an embedded cluster running. It knows nothing of k6 but the name of its binary: each script is judged
// by a process of its own.
package suite
