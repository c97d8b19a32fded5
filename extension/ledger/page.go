package ledger

const (
	pageBits = 10
	pageSize = 1 << pageBits
)

// cell is one claim: 62 bits of serial and two flags. Without a flag it is empty.
type cell uint64

const (
	flagAcked cell = 1 << 63
	flagRead  cell = 1 << 62
)

func (c cell) serial() Serial { return Serial(c & serialMask) }
func (c cell) acked() bool    { return c&flagAcked != 0 }
func (c cell) read() bool     { return c&flagRead != 0 }
func (c cell) flags() byte    { return byte(c >> 62) }

// page holds the claims of pageSize neighbouring offsets.
type page [pageSize]cell
