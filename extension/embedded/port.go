package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

// port is a loopback port that stays a broker's: while the broker is dead it is bound, so that nobody else gets it, and
// connections are refused, as they are where no process listens.
type port struct {
	number int
	held   *os.File // a bound socket that does not listen; nil while the broker has it
}

// hold binds the port; 0 becomes a free one. It waits a moment for a port that is still taken by an outgoing connection.
func (p *port) hold(ctx context.Context) error {
	const patience = 2 * time.Second
	if p.held != nil {
		return nil
	}
	deadline := time.Now().Add(patience)
	for {
		held, err := bind(p.number)
		if err == nil {
			p.held = held
			p.number, err = boundTo(held)
			return err
		}
		if !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(deadline) || !sleep(ctx, firstPause) {
			return fmt.Errorf("port %d: %w", p.number, err)
		}
	}
}

// listen accepts connections on the port from now on.
func (p *port) listen(ctx context.Context) (net.Listener, error) {
	if err := p.hold(ctx); err != nil {
		return nil, err
	}
	defer p.release()
	if err := syscall.Listen(int(p.held.Fd()), syscall.SOMAXCONN); err != nil {
		return nil, fmt.Errorf("port %d: %w", p.number, err)
	}
	listener, err := net.FileListener(p.held)
	if err != nil {
		return nil, fmt.Errorf("port %d: %w", p.number, err)
	}
	return listener, nil
}

func (p *port) release() {
	if p.held != nil {
		_ = p.held.Close()
		p.held = nil
	}
}

func bind(number int) (*os.File, error) {
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	err = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1) // connections of the last life may linger
	if err == nil {
		err = syscall.Bind(fd, &syscall.SockaddrInet4{Port: number, Addr: [4]byte{127, 0, 0, 1}})
	}
	if err != nil {
		_ = syscall.Close(fd)
		return nil, os.NewSyscallError("bind", err)
	}
	return os.NewFile(uintptr(fd), "port"), nil
}

func boundTo(socket *os.File) (int, error) {
	address, err := syscall.Getsockname(int(socket.Fd()))
	if err != nil {
		return 0, os.NewSyscallError("getsockname", err)
	}
	inet, ok := address.(*syscall.SockaddrInet4)
	if !ok {
		return 0, errors.New("the port is not one of IPv4")
	}
	return inet.Port, nil
}
