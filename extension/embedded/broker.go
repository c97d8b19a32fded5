package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"
)

// broker is the gate before one kfake broker: the socket that clients see.
type broker struct {
	node     int32
	listener net.Listener
	doorway  *doorway

	mu    sync.Mutex
	conns map[net.Conn]struct{} // nil once the broker is killed
}

// listen is kfake's way to a listener, called once for each broker, in order. kfake gets a doorway; the socket is ours.
func (l *life) listen(network, address string) (net.Listener, error) {
	listener, err := listenAgain(l.ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("broker %d: %w", len(l.brokers), err)
	}
	b := &broker{node: int32(len(l.brokers)), listener: listener, doorway: newDoorway(listener.Addr()), conns: map[net.Conn]struct{}{}}
	l.brokers = append(l.brokers, b)
	return b.doorway, nil
}

// listenAgain waits a moment for a port that is still taken: after a restart an outgoing connection of anybody may have it.
func listenAgain(ctx context.Context, network, address string) (net.Listener, error) {
	const patience = 2 * time.Second
	deadline := time.Now().Add(patience)
	for {
		listener, err := (&net.ListenConfig{}).Listen(ctx, network, address)
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(deadline) || !sleep(ctx, firstPause) {
			return listener, err
		}
	}
}

// accept serves connections until the broker is killed.
func (b *broker) accept(serve func(net.Conn)) {
	for {
		conn, err := b.listener.Accept()
		if err != nil {
			return
		}
		if !b.adopt(conn) {
			_ = conn.Close()
			return
		}
		go func() {
			defer b.forget(conn)
			serve(conn)
		}()
	}
}

func (b *broker) adopt(conn net.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.conns == nil {
		return false
	}
	b.conns[conn] = struct{}{}
	return true
}

func (b *broker) forget(conn net.Conn) {
	_ = conn.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.conns, conn)
}

// kill closes the socket and resets every connection, as the death of a process does.
func (b *broker) kill() {
	_ = b.listener.Close()
	b.mu.Lock()
	conns := b.conns
	b.conns = nil
	b.mu.Unlock()
	for conn := range conns {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // RST, not FIN
		}
		_ = conn.Close()
	}
}
