package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// Serial names one record within a run: 24 bits of producer (the upper 8 are the instance of the k6 process) and 38 bits of
// sequence. Sequences are dense per producer and begin at 0.
type Serial uint64

const (
	sequenceBits = 38
	maxSequence  = 1<<sequenceBits - 1
	serialMask   = 1<<62 - 1
	uuidLength   = 36
)

func newSerial(producer uint32, sequence uint64) Serial {
	return Serial(uint64(producer)<<sequenceBits | sequence)
}

// Producer returns the 24-bit number of the producer that made the record.
func (s Serial) Producer() uint32 { return uint32(s >> sequenceBits) }

// Sequence returns the position of the record among those of its producer, from 0.
func (s Serial) Sequence() uint64 { return uint64(s) & maxSequence }

// runBits holds the 60 bits of a run at the places that they have in the upper half of a UUID, version nibble included.
type runBits uint64

// newRunBits takes the first 60 bits of SHA-256 of the run id: 48 bits become custom_a, 12 bits custom_b of RFC 9562, section 5.8.
func newRunBits(run string) runBits {
	sum := sha256.Sum256([]byte(run))
	bits := binary.BigEndian.Uint64(sum[:8]) >> 4
	return runBits(bits>>12<<16 | 8<<12 | bits&0xfff)
}

// uuid is a UUID version 8 as two big-endian halves.
type uuid struct{ high, low uint64 }

func (r runBits) uuid(s Serial) uuid { return uuid{uint64(r), 1<<63 | uint64(s)&serialMask} }

// serial returns the record's serial; it means something only for a UUID of this run.
func (u uuid) serial() Serial { return Serial(u.low & serialMask) }

// wellFormed tells version 8 and the RFC variant from anything else.
func (u uuid) wellFormed() bool { return u.high>>12&0xf == 8 && u.low>>62 == 2 }

const hexDigits = "0123456789abcdef"

// appendText appends the canonical 36 characters.
func (u uuid) appendText(to []byte) []byte {
	to = append(to, "00000000-0000-0000-0000-000000000000"...)
	text := to[len(to)-uuidLength:]
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:], u.high)
	binary.BigEndian.PutUint64(raw[8:], u.low)
	hex.Encode(text, raw[:4])
	hex.Encode(text[9:], raw[4:6])
	hex.Encode(text[14:], raw[6:8])
	hex.Encode(text[19:], raw[8:10])
	hex.Encode(text[24:], raw[10:])
	return to
}

func (u uuid) String() string { return string(u.appendText(make([]byte, 0, uuidLength))) }

// hexValues maps a lower-case hexadecimal digit to its value and all else to 0xff: upper case is not what was sent.
var hexValues = func() (table [256]byte) {
	for i := range table {
		table[i] = 0xff
	}
	for i := range len(hexDigits) {
		table[hexDigits[i]] = byte(i)
	}
	return table
}()

// parseUUID reads the canonical text; ok is false for any other.
func parseUUID(text []byte) (id uuid, ok bool) {
	if len(text) != uuidLength || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return uuid{}, false
	}
	high, ok1 := parseHex(0, text[0:8])
	high, ok2 := parseHex(high, text[9:13])
	high, ok3 := parseHex(high, text[14:18])
	low, ok4 := parseHex(0, text[19:23])
	low, ok5 := parseHex(low, text[24:36])
	id = uuid{high, low}
	return id, ok1 && ok2 && ok3 && ok4 && ok5 && id.wellFormed()
}

// parseHex shifts the digits of text into value.
func parseHex(value uint64, text []byte) (uint64, bool) {
	var bad byte
	for _, c := range text {
		digit := hexValues[c]
		bad |= digit
		value = value<<4 | uint64(digit&0xf)
	}
	return value, bad&0xf0 == 0
}
