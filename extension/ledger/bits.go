package ledger

// bitWriter appends bits, the lowest first.
type bitWriter struct {
	to      []byte
	pending uint64
	held    uint
}

// write appends the lowest n bits of value; n ≤ 40.
func (w *bitWriter) write(value uint64, n uint) {
	w.pending |= value << w.held
	w.held += n
	for w.held >= 8 {
		w.to = append(w.to, byte(w.pending))
		w.pending >>= 8
		w.held -= 8
	}
}

func (w *bitWriter) finish() []byte {
	if w.held > 0 {
		w.to = append(w.to, byte(w.pending))
	}
	return w.to
}

// riceLimit is the longest unary part: beyond it, the number follows in full.
const (
	riceLimit = 20
	riceFull  = sequenceBits + 2
)

// writeRice appends a number as quotient in unary and remainder in k bits (Rice coding): short for numbers near 2^k.
func (w *bitWriter) writeRice(value uint64, k uint) {
	quotient := value >> k
	if quotient >= riceLimit {
		w.write(1<<riceLimit-1, riceLimit)
		w.write(value, riceFull)
		return
	}
	w.write(1<<quotient-1, uint(quotient)+1)
	w.write(value&(1<<k-1), k)
}

func riceCost(value uint64, k uint) uint {
	if quotient := value >> k; quotient < riceLimit {
		return uint(quotient) + 1 + k
	}
	return riceLimit + riceFull
}

// bitReader reads what bitWriter wrote.
type bitReader struct {
	from    []byte
	pending uint64
	held    uint
}

func (r *bitReader) read(n uint) uint64 {
	for r.held < n {
		r.pending |= uint64(r.from[0]) << r.held
		r.from = r.from[1:]
		r.held += 8
	}
	value := r.pending & (1<<n - 1)
	r.pending >>= n
	r.held -= n
	return value
}

func (r *bitReader) readRice(k uint) uint64 {
	quotient := uint64(0)
	for r.read(1) == 1 {
		if quotient++; quotient == riceLimit {
			return r.read(riceFull)
		}
	}
	return quotient<<k | r.read(k)
}

func zigzag(v int64) uint64   { return uint64(v<<1) ^ uint64(v>>63) }
func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }
