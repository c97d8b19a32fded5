package ledger

import (
	"bytes"
	"hash/crc32"
)

// Names of the headers that carry a record's identity and, for records that a script made, their checksum.
const (
	HeaderID  = "k6-id"
	HeaderSum = "k6-sum"
)

// minValue is the length of an envelope without payload: UUID, space, checksum, space.
const minValue = uuidLength + 1 + sumLength + 1

const sumLength = 8

// castagnoli is CRC32-C, the polynomial of Kafka's record batches; hash/crc32 computes it in hardware.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// makeRecord builds a record of the ledger's own: the header holds the UUID, the value is "<uuid> <crc> <payload>". The
// header's bytes are the first bytes of the value, so that one allocation serves both.
func makeRecord(id uuid, key []byte, size int) Made {
	value := make([]byte, 0, max(size, minValue))
	value = append(id.appendText(value), ' ')
	sumAt := len(value)
	value = append(value, "00000000 "...)
	value = appendPayload(value, id.serial(), size-minValue)
	putSum(value[sumAt:], contentSum(value[:uuidLength], key, value[minValue:]))
	return Made{
		Serial: id.serial(), Key: key, Value: value,
		Headers: []Header{{Key: HeaderID, Value: value[:uuidLength:uuidLength]}},
	}
}

// stampRecord gives identity to a record whose key, value and headers are the script's: its checksum covers these headers too.
// Identity headers that it already carries, say of a record that is passed on, are replaced.
func stampRecord(id uuid, key, value []byte, headers []Header) Made {
	all := make([]Header, 0, len(headers)+2)
	for _, h := range headers {
		if h.Key != HeaderID && h.Key != HeaderSum {
			all = append(all, h)
		}
	}
	sum, text := make([]byte, sumLength), id.appendText(make([]byte, 0, uuidLength))
	putSum(sum, stampSum(text, key, value, all))
	all = append(all, Header{HeaderID, text}, Header{HeaderSum, sum})
	return Made{Serial: id.serial(), Key: key, Value: value, Headers: all}
}

// contentSum is CRC32-C over the text of the UUID, the key, a separator and the content. The separator is 0x00; a nil key sets its
// bit 0 and a nil content its bit 1, so that null and empty differ.
func contentSum(id, key, content []byte) uint32 {
	separator := byte(0)
	if key == nil {
		separator |= 1
	}
	if content == nil {
		separator |= 2
	}
	sum := crc32.Update(0, castagnoli, id)
	if len(key) > 0 {
		sum = crc32.Update(sum, castagnoli, key)
	}
	return crc32.Update(sumByte(sum, separator), castagnoli, content)
}

// stampSum continues contentSum over the script's own headers.
func stampSum(id, key, value []byte, headers []Header) uint32 {
	sum := contentSum(id, key, value)
	for _, h := range headers {
		if h.Key == HeaderID || h.Key == HeaderSum {
			continue
		}
		for i := range len(h.Key) {
			sum = sumByte(sum, h.Key[i])
		}
		separator := byte(0)
		if h.Value == nil {
			separator = 2
		}
		sum = sumByte(crc32.Update(sumByte(sum, separator), castagnoli, h.Value), 0)
	}
	return sum
}

// sumByte adds one byte by hand: a slice of a local array would escape to the heap.
func sumByte(sum uint32, b byte) uint32 {
	sum = ^sum
	return ^(castagnoli[byte(sum)^b] ^ sum>>8)
}

func putSum(to []byte, sum uint32) {
	for i := range sumLength {
		to[i] = hexDigits[sum>>(28-4*i)&0xf]
	}
}

func parseSum(from []byte) (uint32, bool) {
	if len(from) != sumLength {
		return 0, false
	}
	sum, ok := parseHex(0, from)
	return uint32(sum), ok
}

// openEnvelope splits the value of a record that the ledger made; ok tells whether it has that form. The UUID is left as text.
func openEnvelope(value []byte) (id []byte, sum uint32, payload []byte, ok bool) {
	if len(value) < minValue || value[uuidLength] != ' ' || value[minValue-1] != ' ' {
		return nil, 0, nil, false
	}
	sum, ok = parseSum(value[uuidLength+1 : minValue-1])
	return value[:uuidLength], sum, value[minValue:], ok
}

// explainSum says what most likely differs in a made record whose checksum failed. The payload follows from the serial, which
// tells a changed payload from a changed key or a changed length.
func explainSum(id uuid, text, key []byte, sum uint32, payload []byte) Corruption {
	const furthest = 1 << 20
	expected := appendPayload(nil, id.serial(), min(len(payload), furthest)+4096)
	running := contentSum(text, key, []byte{})
	for n := 0; ; n++ {
		if running == sum {
			if n != len(payload) {
				return WrongLength
			}
			return WrongSum
		}
		if n == len(expected) {
			break
		}
		running = sumByte(running, expected[n])
	}
	if len(payload) <= furthest && bytes.Equal(expected[:len(payload)], payload) {
		return WrongKey
	}
	return WrongSum
}
