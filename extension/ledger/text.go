package ledger

import "math/rand/v2"

const textLength = 1 << 16

// text is the fixed pseudo-random printable text of which payloads are windows. It never changes: recorded runs must stay checkable.
var text = func() []byte {
	const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,"
	source := rand.New(rand.NewPCG(0x6b36, 0x7375697465))
	all := make([]byte, textLength)
	for i := range all {
		all[i] = alphabet[source.Uint64()%uint64(len(alphabet))]
	}
	return all
}()

// textStart is where the window of a record begins; neighbours begin far apart.
func textStart(s Serial) int { return int(uint64(s) * 0x9e3779b97f4a7c15 >> 48) }

// appendPayload appends size bytes of the record's window, which wraps around.
func appendPayload(to []byte, s Serial, size int) []byte {
	from := textStart(s)
	for size > 0 {
		n := min(size, textLength-from)
		to = append(to, text[from:from+n]...)
		size -= n
		from = 0
	}
	return to
}
