package storm

import (
	"context"
	"net"
)

// keepSilent opens a connection, says nothing, and waits for its end: the cluster's, which may have enough of it, or this side's.
func (s *storm) keepSilent(ctx context.Context, address string, abruptly bool) {
	select {
	case s.tickets <- struct{}{}:
	case <-ctx.Done():
		return
	}
	conn, err := s.raw.Bare(ctx, "tcp", address)
	<-s.tickets
	if err != nil {
		return // those that speak tell what is wrong
	}
	s.counts.halfOpen.Add(1)
	stop := context.AfterFunc(ctx, func() { hangUp(conn, abruptly) })
	defer stop()
	s.awaitEnd(ctx, conn)
}

func (s *storm) awaitEnd(ctx context.Context, conn net.Conn) {
	var nothing [1]byte
	_, _ = conn.Read(nothing[:])
	_ = conn.Close()
	if ctx.Err() == nil {
		s.counts.halfOpenEnded.Add(1)
	}
}
