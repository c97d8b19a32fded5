package s3proxy

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// outcome is what faults make of a request before it is sent on.
type outcome int

const (
	goOn     outcome = iota
	answered         // it is not sent on; the client is ready for another one
	ended            // it is not sent on, and was the client's last
)

// before has those faults act that do before a request is sent on, in the order in which they were injected. The first that keeps the
// request for itself is the last to act.
func (x *exchange) before() outcome {
	armed := x.line.proxy.faults.armed.Load()
	if armed == nil {
		return goOn
	}
	for _, f := range *armed {
		if !f.matcher.match(x.request) {
			continue
		}
		t, ok := f.take()
		if !ok {
			continue
		}
		x.turns = append(x.turns, t)
		if o := x.actBefore(t); o != goOn {
			x.settle()
			return o
		}
		if t.ended {
			x.detach(t) // it does not act later on
		}
	}
	return goOn
}

func (x *exchange) actBefore(t *turn) outcome {
	switch rule := t.rule(); rule.Action {
	case Delay:
		if rule.When != After {
			return x.hold(t)
		}
	case Error:
		if rule.When != After {
			return x.refuse(t)
		}
	case Reset:
		if rule.At != AtResponse {
			return x.cut(t)
		}
	case Late:
		return x.putOff(t)
	case Refuse:
		x.strike(t, Before, x.request.size())
		x.fail(nil)
		x.abort()
		return ended
	case Blackhole:
		x.strike(t, Before, x.request.size())
		x.detach(t)
		x.fail(nil)
		x.hang(t)
		t.release()
		return ended
	}
	return goOn
}

// strike says that a fault acts on the exchange, and where; the log is to tell.
func (x *exchange) strike(t *turn, stage any, bytes int64) {
	t.struck = true
	t.hit(x.request.name(), bytes)
	note := func(to *string, what string) {
		if *to != "" {
			*to += ", "
		}
		*to += what
	}
	note(&x.entry.Rule, fmt.Sprintf("#%d %s", t.fault.id, t.rule().Action))
	note(&x.entry.Stage, fmt.Sprint(stage))
}

// settle ends the turns of all faults: what has not acted on the exchange by now had nothing to act on.
func (x *exchange) settle() {
	for _, t := range x.turns {
		if t.struck {
			t.release()
		} else {
			t.miss()
		}
	}
	x.turns = nil
}

// detach has a turn not be settled with the others.
func (x *exchange) detach(t *turn) {
	x.turns = slices.DeleteFunc(x.turns, func(other *turn) bool { return other == t })
}

// abort resets the client's connection.
func (x *exchange) abort() {
	x.line.finished.Store(true)
	x.line.proxy.reset(x.line.client)
}

func (x *exchange) hold(t *turn) outcome {
	x.strike(t, Before, x.request.size())
	if err := t.fault.pause(x.line.proxy.ctx, t.delay()); err != nil {
		x.fail(fmt.Errorf("the proxy was closed: %w", err))
		return ended
	}
	t.release()
	return goOn
}

// refuse answers in place of the upstream.
func (x *exchange) refuse(t *turn) outcome {
	x.strike(t, Before, x.request.size())
	return x.tell(t)
}

// tell answers as the rule of a fault says. The log has it before the client does.
func (x *exchange) tell(t *turn) outcome {
	status, code := t.rule().answerCode()
	x.entry.Told = status
	x.fail(nil)
	closing := x.discard() != nil
	err := answer(x.line.client, x.request, status, code, "a fault of the proxy before this object storage", closing)
	if closing || err != nil {
		x.line.finish()
		return ended
	}
	return answered
}

// hang takes in whatever the client sends until it gives up, or the fault ends; then the connection is reset.
func (x *exchange) hang(t *turn) {
	given := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-t.fault.over:
		case <-given:
		}
		_ = x.line.client.SetReadDeadline(time.Now())
	}()
	_, _ = io.Copy(io.Discard, x.line.in)
	close(given)
	<-watched
	x.abort()
}

// cut sends the request on as far as the rule says, and resets both connections.
func (x *exchange) cut(t *turn) outcome {
	r, at := x.request, t.rule().At
	if at == AtBody && (r.body.empty() || r.expects) {
		t.miss() // there is no half of it
		return goOn
	}
	x.strike(t, at, r.size())
	if at != AtConnect {
		if err := x.sendPart(at); err != nil {
			x.entry.Err = err.Error()
		}
	}
	x.fail(nil)
	x.abort()
	return ended
}

// sendPart sends a part of the request over a connection of its own, which it resets. The upstream never gets the whole of it.
func (x *exchange) sendPart(at Stage) error {
	conn, err := x.line.proxy.dial()
	if err != nil {
		return err
	}
	defer x.line.proxy.reset(conn)
	r := x.request
	if at == AtHeaders {
		_, err := conn.Write(r.head[:len(r.head)-len("\r\n")])
		return err
	}
	if _, err := conn.Write(r.head); err != nil {
		return err
	}
	body := r.body.reader(x.line.in)
	if r.body.known() {
		_, err := io.CopyN(plainWriter{conn}, body, r.body.length/2)
		return err
	}
	begin := make([]byte, readBuffer)
	n, err := body.Read(begin)
	if err != nil {
		return err
	}
	_, err = conn.Write(begin[:n/2])
	return err
}
