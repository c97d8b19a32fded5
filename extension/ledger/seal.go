package ledger

import (
	"encoding/binary"
	"math/bits"
)

// A sealed page is one byte of format, the flags, and then the serials of the cells that are not empty: as runs if few suffice,
// else packed into bits.
const (
	flagsUniform byte = 0 // one byte for all
	flagsRuns    byte = 1 // uvarints of length<<2 | flags
	flagsRaw     byte = 2 // two bits a cell
	flagsMask    byte = 3
	formatPacked byte = 4 // serials packed into bits, not as runs
	formatSwitch byte = 8 // packed: a bit tells whether the producer is that of the cell before

	maxRuns = 64
)

// seal appends the compact form of a page.
func seal(to []byte, p *page) []byte {
	formatAt := len(to)
	to = sealFlags(append(to, flagsFormat(p)), p)
	if packed, ok := sealRuns(to, p); ok {
		return packed
	}
	return sealPacked(to, p, formatAt)
}

// unseal fills a page from its compact form.
func unseal(from []byte, p *page) {
	format := from[0]
	from = unsealFlags(from[1:], p, format&flagsMask)
	if format&formatPacked == 0 {
		unsealRuns(from, p)
	} else {
		unsealPacked(from, p, format&formatSwitch != 0)
	}
}

// flagRuns counts the runs of equal flags.
func flagRuns(p *page) int {
	runs := 1
	for i := 1; i < pageSize; i++ {
		if p[i].flags() != p[i-1].flags() {
			runs++
		}
	}
	return runs
}

func flagsFormat(p *page) byte {
	switch runs := flagRuns(p); {
	case runs == 1:
		return flagsUniform
	case runs < pageSize/8:
		return flagsRuns
	}
	return flagsRaw
}

func sealFlags(to []byte, p *page) []byte {
	switch flagsFormat(p) {
	case flagsUniform:
		return append(to, p[0].flags())
	case flagsRuns:
		for i := 0; i < pageSize; {
			from := i
			for i < pageSize && p[i].flags() == p[from].flags() {
				i++
			}
			to = binary.AppendUvarint(to, uint64(i-from)<<2|uint64(p[from].flags()))
		}
		return to
	}
	for i := 0; i < pageSize; i += 4 {
		to = append(to, p[i].flags()|p[i+1].flags()<<2|p[i+2].flags()<<4|p[i+3].flags()<<6)
	}
	return to
}

func unsealFlags(from []byte, p *page, format byte) []byte {
	switch format {
	case flagsUniform:
		for i := range p {
			p[i] = cell(from[0]) << 62
		}
		return from[1:]
	case flagsRuns:
		for i := 0; i < pageSize; {
			run, n := binary.Uvarint(from)
			from = from[n:]
			for range run >> 2 {
				p[i] = cell(run&3) << 62
				i++
			}
		}
		return from
	}
	for i := range p {
		p[i] = cell(from[i/4]>>(i%4*2)&3) << 62
	}
	return from[pageSize/4:]
}

// serialRun is a run of serials of one producer whose sequences have a constant stride.
type serialRun struct {
	first  Serial
	length int
	stride int64
}

// sealRuns appends the serials as runs, unless they take more than maxRuns.
func sealRuns(to []byte, p *page) ([]byte, bool) {
	var runs [maxRuns]serialRun
	n := 0
	var last Serial
	for _, c := range p {
		if c == 0 {
			continue
		}
		s := c.serial()
		if n > 0 {
			r := &runs[n-1]
			stride := int64(s) - int64(last)
			if r.first.Producer() == s.Producer() && (r.length == 1 || r.stride == stride) {
				r.stride = stride
				r.length++
				last = s
				continue
			}
		}
		if n == maxRuns {
			return nil, false
		}
		runs[n] = serialRun{first: s, length: 1}
		n++
		last = s
	}
	to = binary.AppendUvarint(to, uint64(n))
	for _, r := range runs[:n] {
		to = binary.AppendUvarint(to, uint64(r.first))
		to = binary.AppendUvarint(to, uint64(r.length))
		to = binary.AppendVarint(to, r.stride)
	}
	return to, true
}

func unsealRuns(from []byte, p *page) {
	runs, n := binary.Uvarint(from)
	from = from[n:]
	i := 0
	for range runs {
		var r serialRun
		r, from = nextRun(from)
		serial := uint64(r.first)
		for range r.length {
			for p[i] == 0 {
				i++
			}
			p[i] |= cell(serial)
			serial += uint64(r.stride)
			i++
		}
	}
}

// nextRun reads one run, and gives what follows it.
func nextRun(from []byte) (r serialRun, rest []byte) {
	first, n := binary.Uvarint(from)
	from = from[n:]
	length, n := binary.Uvarint(from)
	from = from[n:]
	stride, n := binary.Varint(from)
	return serialRun{Serial(first), int(length), stride}, from[n:]
}

// producers numbers the producers of a page in the order of their first record.
type producers struct {
	table [4 * pageSize]uint16 // open addressing, number + 1
	ids   [pageSize]uint32
	first [pageSize]uint64 // sequence of the first record
	count int
}

// number returns the producer's number and whether it is new.
func (d *producers) number(s Serial) (int, bool) {
	id := s.Producer()
	for slot := id * 0x9e3779b1 >> 20; ; slot = (slot + 1) % (4 * pageSize) {
		switch at := d.table[slot]; {
		case at == 0:
			d.ids[d.count], d.first[d.count] = id, s.Sequence()
			d.count++
			d.table[slot] = uint16(d.count)
			return d.count - 1, true
		case d.ids[at-1] == id:
			return int(at) - 1, false
		}
	}
}

// sealPacked appends the producers with their first sequences, and then for each record the number of its producer and, but for
// first records, the distance from that producer's record before in Rice coding.
func sealPacked(to []byte, p *page, formatAt int) []byte {
	var dictionary producers
	var numbers [pageSize]uint16
	var distances, next [pageSize]uint64
	n, switches, sum, later := 0, 0, uint64(0), uint64(0)
	const first = ^uint64(0)
	for _, c := range p {
		if c == 0 {
			continue
		}
		number, isNew := dictionary.number(c.serial())
		sequence := c.serial().Sequence()
		numbers[n], distances[n] = uint16(number), first
		if !isNew {
			distances[n] = zigzag(int64(sequence - next[number]))
			sum += distances[n]
			later++
		}
		next[number] = sequence + 1
		if n > 0 && numbers[n-1] != numbers[n] {
			switches++
		}
		n++
	}
	width := uint(bits.Len(uint(dictionary.count - 1)))
	bySwitch := n+switches*int(width) < n*int(width)
	k := bestRice(distances[:n], sum, later)
	to[formatAt] |= formatPacked
	if bySwitch {
		to[formatAt] |= formatSwitch
	}
	to = sealDictionary(append(to, byte(k)), &dictionary)
	w := bitWriter{to: to}
	for i := range n {
		if bySwitch {
			if i > 0 && numbers[i] == numbers[i-1] {
				w.write(0, 1)
			} else {
				w.write(uint64(numbers[i])<<1|1, width+1)
			}
		} else {
			w.write(uint64(numbers[i]), width)
		}
		if distances[i] != first {
			w.writeRice(distances[i], k)
		}
	}
	return w.finish()
}

// bestRice finds the parameter that costs least, near the one that the mean suggests.
func bestRice(distances []uint64, sum, count uint64) uint {
	if count == 0 {
		return 0
	}
	guess := bits.Len64(sum / count)
	best, least := uint(0), ^uint(0)
	for k := uint(max(guess-3, 0)); k <= uint(min(guess+1, 30)); k++ {
		cost := uint(0)
		for _, d := range distances {
			if d != ^uint64(0) {
				cost += riceCost(d, k)
			}
		}
		if cost < least {
			best, least = k, cost
		}
	}
	return best
}

func sealDictionary(to []byte, d *producers) []byte {
	lowest, id := ^uint64(0), uint32(0)
	for i := range d.count {
		lowest = min(lowest, d.first[i])
	}
	to = binary.AppendUvarint(binary.AppendUvarint(to, uint64(d.count)), lowest)
	for i := range d.count {
		to = binary.AppendVarint(to, int64(d.ids[i])-int64(id))
		to = binary.AppendUvarint(to, d.first[i]-lowest)
		id = d.ids[i]
	}
	return to
}

func unsealPacked(from []byte, p *page, bySwitch bool) {
	k := uint(from[0])
	count, n := binary.Uvarint(from[1:])
	from = from[1+n:]
	lowest, n := binary.Uvarint(from)
	from = from[n:]
	var base, next [pageSize]uint64
	var seen [pageSize]bool
	id := int64(0)
	for i := range count {
		delta, n := binary.Varint(from)
		from = from[n:]
		first, n := binary.Uvarint(from)
		from = from[n:]
		id += delta
		base[i], next[i] = uint64(id)<<sequenceBits, lowest+first
	}
	width, number := uint(bits.Len(uint(count-1))), uint64(0)
	r := bitReader{from: from}
	for i := range p {
		if p[i] == 0 {
			continue
		}
		if !bySwitch || r.read(1) == 1 {
			number = r.read(width)
		}
		if seen[number] {
			next[number] += uint64(unzigzag(r.readRice(k)))
		}
		seen[number] = true
		p[i] |= cell(base[number] | next[number])
		next[number]++
	}
}
