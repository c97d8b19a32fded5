package kafkaproxy

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
)

// checkPassthrough refuses what needs bytes to be understood.
func (o Options) checkPassthrough() error {
	switch {
	case !o.Passthrough:
		return nil
	case o.SingleEndpoint:
		return errors.New("kafka proxy: passthrough and single endpoint exclude each other: who puts brokers behind one address has to decode")
	case o.TLS != nil || o.BrokerTLS != nil:
		return errors.New("kafka proxy: passthrough and TLS options exclude each other: what is passed on untouched is not decrypted")
	case o.Events != EventOptions{}:
		return errors.New("kafka proxy: passthrough and events exclude each other: what is not decoded cannot be told")
	}
	return nil
}

// relay passes the bytes of a connection on to a broker, and back, until both sides have ended theirs, or one is broken.
func (p *Proxy) relay(conn net.Conn, b *backend) {
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	upstream, err := b.dial(ctx)
	if err != nil {
		p.logger.Warn("kafka proxy: closing a connection", "client", conn.RemoteAddr(), "error", err)
		return
	}
	stop := context.AfterFunc(ctx, func() { _ = upstream.Close() })
	defer stop()
	defer upstream.Close()
	var both sync.WaitGroup
	pass := func(to, from net.Conn) {
		if _, err := io.Copy(to, from); err != nil {
			reset(to)
			reset(from)
			return
		}
		if half, ok := to.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	}
	both.Go(func() { pass(upstream, conn) })
	pass(conn, upstream)
	both.Wait()
}
