package ledger

import (
	"encoding/binary"
	"time"
)

// ackTimes is the append-only list of which offsets were acked when, in microseconds, exact and in the order of arrival. Neighbours
// acked in the same microsecond share one entry of a few bytes.
type ackTimes struct {
	data []byte // uvarint zigzag(time − time before)<<2 | gap<<1 | long, then uvarint zigzag gap if any, uvarint length if long
	run  ackRun // still growing, not in data yet
	end  int64  // where the run before ended
	last int64  // its time
}

// ackRun says that the offsets [from, to) were acked at a time in microseconds since 1970.
type ackRun struct {
	from, to int64
	at       int64
}

func (a *ackTimes) add(offset int64, at time.Time) {
	us := at.UnixMicro()
	if a.run.to == offset && a.run.at == us && a.run.from < a.run.to {
		a.run.to++
		return
	}
	a.cut()
	a.run = ackRun{offset, offset + 1, us}
}

// cut closes the growing run and returns the position behind it: runs before that position were acked before this call.
func (a *ackTimes) cut() int {
	r := a.run
	if r.from == r.to {
		return len(a.data)
	}
	tag := zigzag(r.at-a.last) << 2
	if r.from != a.end {
		tag |= 2
	}
	if r.to-r.from > 1 {
		tag |= 1
	}
	a.data = binary.AppendUvarint(a.data, tag)
	if r.from != a.end {
		a.data = binary.AppendUvarint(a.data, zigzag(r.from-a.end))
	}
	if r.to-r.from > 1 {
		a.data = binary.AppendUvarint(a.data, uint64(r.to-r.from))
	}
	a.end, a.last, a.run = r.to, r.at, ackRun{}
	return len(a.data)
}

// runs visits the runs before a position of cut, in the order of arrival.
func (a *ackTimes) runs(before int, visit func(ackRun)) {
	for c := (ackCursor{}); ; {
		r, ok := a.next(&c, before)
		if !ok {
			return
		}
		visit(r)
	}
}

// ackCursor is a position between two runs.
type ackCursor struct {
	position int
	before   ackRun
}

// next returns the run at the cursor and moves it on; ok is false once the cursor has come to the end, a position of cut.
func (a *ackTimes) next(c *ackCursor, end int) (r ackRun, ok bool) {
	if c.position >= end {
		return ackRun{}, false
	}
	uvarint := func() uint64 {
		value, n := binary.Uvarint(a.data[c.position:])
		c.position += n
		return value
	}
	tag := uvarint()
	r = ackRun{from: c.before.to, at: c.before.at + unzigzag(tag>>2)}
	if tag&2 != 0 {
		r.from += unzigzag(uvarint())
	}
	r.to = r.from + 1
	if tag&1 != 0 {
		r.to = r.from + int64(uvarint())
	}
	c.before = r
	return r, true
}
