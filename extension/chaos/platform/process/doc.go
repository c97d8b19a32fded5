// Package process is a platform of processes: brokers that are started by commands of the profile, and controlled by signals, which
// act on a broker and everything that it has started. What is started here ends with it, also if k6 is killed: see package guard.
package process
