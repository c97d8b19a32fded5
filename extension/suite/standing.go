package suite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// headerTimeout bounds how long a request to a control may take to arrive.
const headerTimeout = 10 * time.Second

// standing is a proxy that runs by itself, until its command is interrupted.
type standing struct {
	proxy   io.Closer
	where   string       // what clients have to know, as a line
	control http.Handler // its commands over HTTP
	address string       // where those are served; "": nowhere
	report  func(io.Writer)
}

// run says where the proxy is, waits until ctx ends, closes it, and reports.
func (s standing) run(ctx context.Context, out io.Writer) error {
	control, err := s.listen(ctx)
	if err != nil {
		return errors.Join(fmt.Errorf("starting the control: %w", err), s.proxy.Close())
	}
	fmt.Fprintln(out, s.where)
	if control != nil {
		fmt.Fprintf(out, "control      http://%s\n", control.Addr)
	}
	fmt.Fprintln(out, "ready; Ctrl-C stops it")
	<-ctx.Done()
	err = s.proxy.Close()
	if control != nil {
		err = errors.Join(err, control.Close())
	}
	s.report(out)
	if err != nil {
		return fmt.Errorf("stopping the proxy: %w", err)
	}
	return nil
}

// listen serves the control, nil if there is to be none.
func (s standing) listen(ctx context.Context) (*http.Server, error) {
	if s.address == "" {
		return nil, nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.address)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Addr: listener.Addr().String(), Handler: s.control, ReadHeaderTimeout: headerTimeout}
	go func() { _ = server.Serve(listener) }() // until it is closed
	return server, nil
}

// printRule says what a rule has hit.
func printRule(out io.Writer, id, hits, amount int64, unit string, rule any) {
	spec, err := json.Marshal(rule)
	if err != nil {
		spec = []byte(err.Error())
	}
	fmt.Fprintf(out, "rule %-7d %d hits, %d %s: %s\n", id, hits, amount, unit, spec)
}
