package s3proxy

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

const (
	// maxLate bounds the body of a request that is kept to be sent on later.
	maxLate = 64 << 20
	// lateAnswer is how long the upstream may take to answer it: who stops the fault waits for that.
	lateAnswer = 30 * time.Second
)

var errDropped = errors.New("not done any more: the proxy was closed")

// putOff keeps the request, to send it on later.
func (x *exchange) putOff(t *turn) outcome {
	if r := x.request; r.body.chunked || r.body.length > maxLate || r.operation.reads() {
		t.miss()
		return goOn
	}
	if x.request.expects {
		if _, err := x.line.client.Write([]byte("HTTP/1.1 100 Continue\r\n\r\n")); err != nil {
			return x.torn(err)
		}
	}
	if err := x.readDeletes(); err != nil {
		return x.torn(err)
	}
	if x.body == nil {
		if err := x.keep(); err != nil {
			return x.torn(err)
		}
	}
	x.strike(t, "late", x.request.size())
	status, code := t.rule().answerCode()
	x.entry.Told = status
	later := x.copy()
	x.detach(t)
	applied := make(chan struct{})
	x.line.proxy.work.Go(func() {
		defer close(applied)
		later.apply(t)
		if status != 0 {
			t.release()
		}
	})
	if status == 0 {
		x.hang(t)
		<-applied
		t.release()
		return ended
	}
	if answer(x.line.client, x.request, status, code, "a fault of the proxy before this object storage", false) != nil {
		return ended
	}
	return answered
}

// torn is a request whose client went away while it sent it.
func (x *exchange) torn(err error) outcome {
	x.fail(fmt.Errorf("the client went away: %w", err))
	return ended
}

// copy gives the exchange memory of its own: that of the line is needed for the next request.
func (x *exchange) copy() *exchange {
	request := *x.request
	request.head = slices.Clone(request.head)
	return &exchange{line: x.line, request: &request, entry: x.entry, body: x.body, deleted: x.deleted}
}

// apply sends the request on when it is time, over a connection of its own. The log has it when it is done.
func (x *exchange) apply(t *turn) {
	p := x.line.proxy
	if t.fault.pause(p.ctx, t.delay()) != nil || p.ctx.Err() != nil {
		x.fail(errDropped)
		return
	}
	conn, err := p.dial()
	if err != nil {
		x.fail(err)
		return
	}
	defer p.drop(conn)
	_ = conn.SetDeadline(time.Now().Add(lateAnswer))
	if _, err := conn.Write(append(x.request.head, x.body...)); err != nil {
		x.fail(err)
		return
	}
	in := bufio.NewReaderSize(conn, readBuffer)
	for {
		head, err := readHead(in, nil)
		if err != nil {
			x.fail(fmt.Errorf("no answer: %w", err))
			return
		}
		r, err := parseResponse(head, x.request)
		if err != nil {
			x.fail(fmt.Errorf("no answer: %w", err))
			return
		}
		if r.status >= http.StatusOK {
			x.applied(in, r)
			return
		}
	}
}

// applied enters what the upstream says of a late request, which nobody else hears.
func (x *exchange) applied(in *bufio.Reader, r *response) {
	x.entry.Status, x.entry.ETag = r.status, r.etag
	d := &delivery{exchange: x, link: &link{in: in}, response: r}
	if err := d.look(); err != nil {
		x.fail(fmt.Errorf("the answer ended early: %w", err))
		return
	}
	x.entry.End = time.Now()
	x.closed(x.line.proxy.log.add(x.entry, x.deleted), 0, nil)
}
