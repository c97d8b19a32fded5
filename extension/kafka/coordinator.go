package kafka

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
)

const (
	// coordinatorBound is how long a group may be without a coordinator: the first group of a cluster has it make the topic of commits, and
	// what a dead coordinator had is loaded by another.
	coordinatorBound = 15 * time.Second
	// coordinatorLook is how often it is asked for.
	coordinatorLook = 100 * time.Millisecond
)

// coordinated asks again while a group has no coordinator. Java's clients do that for who asks them (until default.api.timeout.ms), and
// franz-go does it for members of groups, not for admins.
func coordinated[T any](ctx context.Context, ask func(context.Context) (T, error)) (T, error) {
	return again(ctx, coordinatorLook, coordinatorBound, ask, func(_ T, err error) bool { return withoutCoordinator(err) })
}

func withoutCoordinator(err error) bool {
	return slices.ContainsFunc(
		[]error{kerr.CoordinatorNotAvailable, kerr.CoordinatorLoadInProgress, kerr.NotCoordinator},
		func(want error) bool { return errors.Is(err, want) },
	)
}
