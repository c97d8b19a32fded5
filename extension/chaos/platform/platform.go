// Package platform is the means of controlling the processes of a target: what kills, pauses, restarts, adds and removes its brokers.
package platform

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Platform controls the brokers of one target. Its methods are safe for concurrent use; changes of one broker come one after the
// other. A change that cannot be made, because the broker is in the wrong state or unknown, is an error that says so.
type Platform interface {
	// Name is how profiles call it: "embedded", "process".
	Name() string
	// Can are the changes that the platform is able to make.
	Can() []Change
	// Brokers are all brokers that the platform knows, dead ones included, by id in ascending order.
	Brokers(ctx context.Context) ([]Broker, error)
	// Kill ends a broker at once, as SIGKILL does: connections are reset, memory is forgotten. It returns when the broker is dead.
	Kill(ctx context.Context, id int32) error
	// Stop asks a broker to end, as SIGTERM does, and returns when it has.
	Stop(ctx context.Context, id int32) error
	// Start starts a broker that is dead, with nothing in memory, and returns when it is ready to serve.
	Start(ctx context.Context, id int32) error
	// Pause freezes a broker, as SIGSTOP does: its connections stay open, and nothing is read, written or done.
	Pause(ctx context.Context, id int32) error
	// Resume lets a paused broker go on where it was, as SIGCONT does.
	Resume(ctx context.Context, id int32) error
	// Add starts one broker more, and returns its id when it is ready to serve.
	Add(ctx context.Context) (int32, error)
	// Remove stops a broker for good.
	Remove(ctx context.Context, id int32) error
	// Close ends what the platform itself has started. Paused brokers are resumed before.
	Close() error
}

// Change is one thing that a platform may be able to do to brokers.
type Change string

// The changes, one for each method of Platform.
const (
	CanKill   Change = "kill"
	CanStop   Change = "stop"
	CanStart  Change = "start"
	CanPause  Change = "pause" // and resume
	CanAdd    Change = "add"
	CanRemove Change = "remove"
)

// Broker is one broker of a target.
type Broker struct {
	ID      int32  `json:"id"`      // its node id in Kafka's metadata
	Address string `json:"address"` // "host:port" where it listens itself, whatever stands before it
	State   State  `json:"state"`
}

// State is what a broker does.
type State string

// The states of a broker.
const (
	Running State = "running"
	Paused  State = "paused"
	Dead    State = "dead"
)

// ErrCannot is wrapped by errors of platforms that are not able to make a change.
var ErrCannot = errors.New("the platform cannot do this")

// Cannot is the error for a change that a platform is not able to make: it names the platform and what it can.
func Cannot(p Platform, change Change) error {
	names := make([]string, 0, len(p.Can()))
	for _, c := range p.Can() {
		names = append(names, string(c))
	}
	return fmt.Errorf("%w: platform %s cannot %s a broker; it can %s", ErrCannot, p.Name(), change, strings.Join(names, ", "))
}
