package s3proxy

import (
	"bytes"
	"fmt"
	"io"
)

// shape makes something else of the body of an answer.
type shape func(io.Reader) io.Reader

// plan says which faults act on the answer, and what the client is told. Hits count from here on, before the client can see any of
// them. Faults act in the order in which they were injected; behind one that ends the answer in its way, none does.
func (d *delivery) plan() {
	for _, t := range d.turns {
		if d.end == nil {
			d.planOne(t)
		}
	}
}

func (d *delivery) planOne(t *turn) {
	r, rule := d.response, t.rule()
	switch rule.Action {
	case Delay:
		if rule.When == After {
			d.strike(t, After, d.request.size())
			d.holds = append(d.holds, t)
		}
	case Error:
		if d.done() {
			d.entry.Told, _ = rule.answerCode()
			d.finishAt(t, After)
		}
	case Lost:
		if d.done() {
			d.entry.Told = 0
			d.finishAt(t, After)
		}
	case Reset:
		if r.body.empty() {
			d.entry.Told = 0 // half of its header is no answer
		}
		d.finishAt(t, AtResponse)
	case Truncate:
		d.planTruncate(t)
	case Corrupt:
		if r.success() && r.body.known() {
			d.act(t, AtResponse, 1)
			at := int64(t.luck % uint64(r.body.length))
			d.shapes = append(d.shapes, func(from io.Reader) io.Reader { return &spoiler{from: from, at: at} })
		}
	case Stale:
		d.planStale(t)
	case Throttle:
		d.planThrottle(t)
	}
}

// done reports whether the upstream has done what was asked.
func (d *delivery) done() bool { return d.response.success() && d.entry.ErrorCode == "" }

// act has a fault act that keeps nothing for as long as the answer takes: who stops it need not wait for a client that reads slowly.
func (d *delivery) act(t *turn, stage any, bytes int64) {
	d.strike(t, stage, bytes)
	t.release()
}

func (d *delivery) finishAt(t *turn, stage any) {
	d.act(t, stage, d.request.size())
	d.end = t
}

func (d *delivery) planTruncate(t *turn) {
	r, rule := d.response, t.rule()
	if !r.success() || !r.body.known() {
		return
	}
	left := rule.Bytes
	if left == 0 {
		fraction := rule.Fraction
		if fraction == 0 {
			fraction = 0.5
		}
		left = int64(fraction * float64(r.body.length))
	}
	if left < r.body.length {
		d.act(t, AtResponse, r.body.length-left)
		d.end = t
		d.shapes = append(d.shapes, func(from io.Reader) io.Reader { return io.LimitReader(from, left) })
	}
}

// carryOut passes the answer on. It says how much of the body the client got, and whether the connections may live on.
func (d *delivery) carryOut() (passed int64, keep bool, err error) {
	for _, t := range d.holds {
		if err := t.fault.pause(d.line.proxy.ctx, t.delay()); err != nil {
			return 0, false, fmt.Errorf("the proxy was closed: %w", err)
		}
		t.release()
	}
	if d.end == nil {
		passed, err = d.pass()
		return passed, true, err
	}
	switch rule := d.end.rule(); rule.Action {
	case Error:
		if _, err := io.Copy(io.Discard, d.reader()); err != nil {
			return 0, false, err
		}
		status, code := rule.answerCode()
		err := answer(d.line.client, d.request, status, code, "a fault of the proxy before this object storage", false)
		return 0, true, err
	case Truncate:
		passed, err = d.shaped()
		return passed, false, err
	case Reset:
		passed, err = d.half()
		d.abort()
		return passed, false, err
	}
	return 0, false, nil // lost
}

// half passes on the header and half of the body, or where there is none, half of the header.
func (d *delivery) half() (int64, error) {
	if d.response.body.empty() {
		_, err := d.line.client.Write(d.response.head[:len(d.response.head)/2])
		return 0, err
	}
	n := d.response.body.length / 2
	d.shapes = append(d.shapes, func(from io.Reader) io.Reader { return io.LimitReader(from, n) })
	return d.shaped()
}

// pass passes the whole answer on.
func (d *delivery) pass() (int64, error) {
	if len(d.shapes) == 0 && d.rest == nil {
		n, err := d.response.body.pass(d.line.client, d.link.conn, d.link.in, d.response.head)
		if err != nil {
			err = fmt.Errorf("passing the answer on: %w", err)
		}
		return n, err
	}
	return d.shaped()
}

// shaped passes the answer on as the shapes make it.
func (d *delivery) shaped() (int64, error) {
	body := d.reader()
	for _, s := range d.shapes {
		body = s(body)
	}
	if d.rest != nil && len(d.shapes) == 0 { // an error: in one piece, as it came
		body = io.MultiReader(bytes.NewReader(d.response.head), body)
		n, err := io.Copy(plainWriter{d.line.client}, body)
		return max(0, n-int64(len(d.response.head))), err
	}
	if _, err := d.line.client.Write(d.response.head); err != nil {
		return 0, err
	}
	return io.Copy(plainWriter{d.line.client}, body)
}

// spoiler changes one byte of what it reads.
type spoiler struct {
	from io.Reader
	at   int64 // from here
}

func (s *spoiler) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	if s.at >= 0 && s.at < int64(n) {
		p[s.at] ^= 0x55
	}
	s.at -= int64(n)
	return n, err
}
