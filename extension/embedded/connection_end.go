package embedded

import (
	"context"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// serve serves a request other than Produce. One that waits for something to happen is asked again when the process has handed
// over: then it is refused at once, and its client knows that it has to go elsewhere.
func (c *connection) serve(ctx context.Context, x *exchange) error {
	serve := c.life.handlerFor(x.Key)
	if !parks(x.Key) {
		return serve(ctx, x)
	}
	frame := x.Frame
	until, stop := c.untilHanded(ctx)
	err := serve(until, x)
	stop()
	if err == nil || ctx.Err() != nil || !c.process.leaving() || c.life.members.get(c.node) != nil {
		return err
	}
	c.closeUpstreams() // kfake still waits on one of them
	x.done()
	x.Frame = frame
	if x.Key == kmsg.Fetch {
		request := kmsg.NewPtrFetchRequest()
		if err := x.Decode(request); err != nil {
			return err
		}
		request.MaxWaitMillis = 0
		x.rewrite(request)
	}
	return serve(ctx, x)
}

// parks reports whether requests of an API wait for something to happen.
func parks(key kmsg.Key) bool {
	switch key {
	case kmsg.Fetch, kmsg.ShareFetch, kmsg.JoinGroup, kmsg.SyncGroup:
		return true
	default:
		return false
	}
}

// untilHanded returns a context that ends when the process was asked to end and has handed over.
func (c *connection) untilHanded(ctx context.Context) (until context.Context, stop func()) {
	until, cancel := context.WithCancel(ctx)
	watch := make(chan struct{})
	go func() {
		defer close(watch)
		select {
		case <-c.process.handed:
			cancel()
		case <-until.Done():
		}
	}()
	return until, func() {
		cancel()
		<-watch
	}
}

// settle has a process that was asked to end answer what it has accepted.
func (c *connection) settle(ctx context.Context) {
	if !c.process.leaving() {
		return
	}
	answered := make(chan struct{})
	go func() { // ends with the context, too: answerCalls goes through all calls then
		defer close(answered)
		c.pending.Wait()
	}()
	select {
	case <-answered:
	case <-ctx.Done():
	}
}

// hangUp reads no more requests. Those that were read are answered; then the connection ends.
func (c *connection) hangUp() { _ = c.sock.SetReadDeadline(time.Unix(1, 0)) }

// silent reports whether the client has wanted nothing for a while.
func (c *connection) silent() bool {
	last := c.opened
	if nanos := c.active.Load(); nanos > 0 {
		last = time.Unix(0, nanos)
	}
	return c.open.Load() == 0 && time.Since(last) > calm && c.idle()
}

// close ends the connection. One that was never used is reset: an end in good order before the first answer looks to some clients as
// if they were not wanted.
func (c *connection) close() {
	if c.active.Load() == 0 {
		reset(c.sock)
		return
	}
	_ = c.sock.Close()
}

// idle reports whether nothing waits in the connection: neither here nor in the kernel.
func (c *connection) idle() bool {
	if c.waiting.Load() > 0 {
		return false
	}
	conn, ok := c.sock.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return true // closed
	}
	empty := true
	_ = raw.Control(func(fd uintptr) {
		n, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		empty = err != nil || n == 0
	})
	return empty
}
