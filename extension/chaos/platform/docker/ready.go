package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/moby/moby/api/types/container"
)

const (
	// look is how often is looked whether a container has become what it is to be.
	look = 20 * time.Millisecond
	// lookTime bounds one look.
	lookTime = time.Second
	// stays is how long a connection must stay open to count.
	stays = 150 * time.Millisecond
)

// accepts reports whether somebody serves at an address. Docker's proxy for published ports takes any connection, and closes it at once
// where nobody listens behind it: so only one that stays open counts.
func accepts(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(stays)); err != nil {
		return false
	}
	_, err = conn.Read(make([]byte, 1))
	return err == nil || errors.Is(err, os.ErrDeadlineExceeded)
}

// until looks again and again, until it is so, or cannot become so any more, or the time is over.
func until(ctx context.Context, what string, so func() (bool, error)) error {
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		done, err := so()
		if done || err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, context.Cause(ctx))
		}
	}
}

// healthy reports whether a container's own check of its health, where it has one, says that it serves.
func healthy(s *container.State) bool {
	return s.Health == nil || s.Health.Status == container.NoHealthcheck || s.Health.Status == "" || s.Health.Status == container.Healthy
}
