package storm

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	firstPause = 50 * time.Millisecond
	lastPause  = time.Second
)

// slot is one connection that is to be open, whichever it is at the time: one that is turned down is tried again.
type slot struct {
	storm   *storm
	number  int
	address string
	alive   atomic.Bool
	turned  atomic.Bool // an attempt was turned down by the cluster, since the stage began

	mu      sync.Mutex
	conn    net.Conn // nil unless alive
	leaving bool     // it is this side that ends it
}

// run keeps the slot's connection open until the context ends.
func (s *slot) run(ctx context.Context) {
	rng := rand.New(rand.NewPCG(uint64(s.storm.plan.Seed), uint64(s.number)))
	wait := firstPause
	for ctx.Err() == nil {
		slowly := rng.Float64() < s.storm.plan.Slow
		conn, err := s.storm.open(ctx, s.address, slowly)
		switch {
		case ctx.Err() != nil:
			if conn != nil {
				hangUp(conn, true)
			}
			return
		case err != nil:
			if s.storm.counts.miss(err) != ours {
				s.turned.Store(true)
			}
			if !sleep(ctx, wait/2+rand.N(wait)) { // which moment it is decides nothing
				return
			}
			wait = min(2*wait, lastPause)
		default:
			wait = firstPause
			s.live(ctx, conn, time.Duration(rng.Int64N(int64(s.storm.plan.Beat))))
		}
	}
}

// open opens one connection and has it answered.
func (s *storm) open(ctx context.Context, address string, slowly bool) (net.Conn, error) {
	if !slowly { // slow ones take their time anyway, and must not hold up others
		select {
		case s.tickets <- struct{}{}:
			defer func() { <-s.tickets }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	s.counts.tried.Add(1)
	conn, err := s.raw.Dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { hangUp(conn, true) })
	defer stop()
	if err = greet(conn, s.hello, slowly); err == nil {
		err = authenticate(ctx, conn, s.raw.ClientID, s.raw.Mechanism)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	s.counts.accepted.Add(1)
	if slowly {
		s.counts.slow.Add(1)
	}
	return conn, nil
}

// live keeps a connection until one of both sides ends it: it asks now and then, and notices in between when the cluster hangs up.
func (s *slot) live(ctx context.Context, conn net.Conn, first time.Duration) {
	s.mu.Lock()
	s.conn, s.leaving = conn, false
	s.mu.Unlock()
	if ctx.Err() != nil { // who closes all may not have seen it
		s.leave(true)
	}
	s.alive.Store(true)
	s.storm.counts.open.Add(1)
	err := s.beat(conn, first)
	s.storm.counts.open.Add(-1)
	s.alive.Store(false)
	s.mu.Lock()
	own := s.leaving
	s.conn = nil
	s.mu.Unlock()
	_ = conn.Close()
	if !own {
		s.storm.counts.lose(err)
	}
}

func (s *slot) beat(conn net.Conn, next time.Duration) error {
	var nothing [1]byte
	for {
		if err := conn.SetDeadline(time.Now().Add(next)); err != nil {
			return err
		}
		switch n, err := conn.Read(nothing[:]); {
		case n > 0:
			return errors.New("the cluster said something that nobody had asked for")
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		}
		if err := greet(conn, s.storm.hello, false); err != nil {
			return fmt.Errorf("an open connection asked for an answer: %w", err)
		}
		next = s.storm.plan.Beat
	}
}

// leave ends the connection that the slot has, if it has one.
func (s *slot) leave(abruptly bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil || s.leaving {
		return false
	}
	s.leaving = true
	hangUp(s.conn, abruptly)
	return true
}

// hangUp closes a connection, in good order or with a RST, as the death of a machine would in the end.
func hangUp(conn net.Conn, abruptly bool) {
	bare := conn
	if inner, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS, whose own farewell might wait
		bare = inner.NetConn()
	}
	if tcp, ok := bare.(*net.TCPConn); ok && abruptly {
		_ = tcp.SetLinger(0)
	}
	_ = bare.Close()
}

// sleep waits, unless the context ends.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
