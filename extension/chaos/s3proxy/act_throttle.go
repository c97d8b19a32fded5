package s3proxy

import (
	"bytes"
	"context"
	"io"
)

const (
	throttleSteps = 20       // a second: how evenly bytes flow
	throttlePiece = 32 << 10 // the most that flows at a time
)

// throttled slows the body of the request down; nil: no fault does, or there is none.
func (x *exchange) throttled() (slow io.Reader) {
	if x.request.body.empty() {
		return nil
	}
	for _, t := range x.turns {
		if t.rule().Action != Throttle {
			continue
		}
		if slow == nil {
			slow = x.request.body.reader(x.line.in)
			if x.body != nil {
				slow = bytes.NewReader(x.body)
			}
		}
		x.strike(t, "body", 0)
		slow = &throttle{ctx: x.line.proxy.ctx, from: slow, turn: t}
	}
	return slow
}

// planThrottle slows the body of the answer down.
func (d *delivery) planThrottle(t *turn) {
	if d.response.body.empty() {
		return
	}
	if !t.struck {
		d.strike(t, "body", 0)
	}
	d.shapes = append(d.shapes, func(from io.Reader) io.Reader { return &throttle{ctx: d.line.proxy.ctx, from: from, turn: t} })
}

// throttle lets bytes pass at the pace of a fault, all connections together.
type throttle struct {
	ctx  context.Context //nolint:containedctx // of the proxy, which ends what waits
	from io.Reader
	turn *turn
}

func (r *throttle) Read(p []byte) (int, error) {
	piece := min(int64(len(p)), max(1, min(throttlePiece, r.turn.rule().BytesPerSecond/throttleSteps)))
	n, err := r.from.Read(p[:piece])
	if n > 0 {
		r.turn.more(int64(n))
		if err := r.turn.fault.pause(r.ctx, r.turn.fault.pace(n)); err != nil {
			return n, err
		}
	}
	return n, err
}
