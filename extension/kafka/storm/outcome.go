package storm

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// outcome is what became of an attempt that came to nothing.
type outcome int

const (
	refused outcome = iota
	timedOut
	wasReset
	closed
	failed
	ours
	outcomes
)

// outcomeOf tells what an error says of the cluster, or of this side.
func outcomeOf(err error) outcome {
	is := func(errs ...error) bool {
		for _, one := range errs {
			if errors.Is(err, one) {
				return true
			}
		}
		return false
	}
	var network net.Error
	switch {
	case is(syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.EADDRINUSE, syscall.ENOBUFS, syscall.ENOMEM):
		return ours
	case is(syscall.ECONNREFUSED):
		return refused
	case is(syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED):
		return wasReset
	case is(os.ErrDeadlineExceeded, context.DeadlineExceeded, syscall.ETIMEDOUT), errors.As(err, &network) && network.Timeout():
		return timedOut
	case is(io.EOF, io.ErrUnexpectedEOF):
		return closed
	default:
		return failed
	}
}
