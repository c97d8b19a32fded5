package kafkaproxy

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pieces is a connection that delivers bytes piece by piece, and notes the deadlines that its reader sets.
type pieces struct {
	net.Conn

	left  [][]byte
	timed bool   // a deadline is set
	reads []bool // whether there was one, read by read
}

func (p *pieces) Read(b []byte) (int, error) {
	p.reads = append(p.reads, p.timed)
	if len(p.left) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.left[0])
	if p.left[0] = p.left[0][n:]; len(p.left[0]) == 0 {
		p.left = p.left[1:]
	}
	return n, nil
}

func (p *pieces) SetReadDeadline(at time.Time) error {
	p.timed = !at.IsZero()
	return nil
}

func TestOnlyTheMiddleOfARequestIsTimed(t *testing.T) {
	t.Parallel()
	conn := &pieces{left: [][]byte{
		{0, 0, 0, 2, 1, 2, 0, 0, 0, 0}, // two requests at once, the second one empty
		{0}, {0, 0, 1}, {7},            // one in three pieces
		{0, 0, 0, 1, 8},
	}}
	in := newIntake(conn, time.Second, nil)
	var got [][]byte
	for {
		frame, err := in.next()
		if err != nil {
			require.Equal(t, io.EOF, err)
			break
		}
		got = append(got, frame)
	}
	require.Equal(t, [][]byte{{0, 0, 0, 2, 1, 2}, {0, 0, 0, 0}, {0, 0, 0, 1, 7}, {0, 0, 0, 1, 8}}, got)
	require.Equal(t, []bool{false, false, true, true, false, false}, conn.reads)
}

func TestTheEndInTheMiddleOfARequestIsNone(t *testing.T) {
	t.Parallel()
	_, err := newIntake(&pieces{left: [][]byte{{0, 0, 0, 2, 1}}}, time.Second, nil).next()
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}
