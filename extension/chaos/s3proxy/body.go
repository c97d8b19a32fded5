package s3proxy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"strconv"
	"strings"
)

// framing says where the body of a message ends (RFC 9112, 6).
type framing struct {
	length  int64
	chunked bool
	toEnd   bool // of the connection
}

// empty reports whether there is no body.
func (f framing) empty() bool { return f == framing{} }

// known reports whether the message says how long its body is, and that there is one.
func (f framing) known() bool { return f.length > 0 && !f.chunked && !f.toEnd }

// reader gives the bytes of the body as they travel, with the marks of its chunks, if it has such. It is io.ErrUnexpectedEOF if the
// connection ends before the body does.
func (f framing) reader(in *bufio.Reader) io.Reader {
	switch {
	case f.chunked:
		return &chunkReader{in: in}
	case f.toEnd:
		return in
	}
	return &exactReader{in: in, left: f.length}
}

// pass has the body go from one connection to the other, behind what head has. Of the body, n bytes were written.
func (f framing) pass(to, from net.Conn, in *bufio.Reader, head []byte) (n int64, err error) {
	if f.chunked || f.toEnd {
		if _, err := to.Write(head); err != nil {
			return 0, err
		}
		return io.Copy(plainWriter{to}, f.reader(in))
	}
	// What is read already goes in one piece with the head.
	buffered, err := in.Peek(int(min(int64(in.Buffered()), f.length)))
	if err != nil {
		return 0, err
	}
	written, err := writeBoth(to, head, buffered)
	n = max(0, written-int64(len(head)))
	_, _ = in.Discard(len(buffered))
	if err != nil || n == f.length {
		return n, err
	}
	// From here on the kernel can do it alone: what lies in the buffer is gone, and none but this body is taken from the connection.
	rest := f.length - n
	passed, err := io.Copy(to, &io.LimitedReader{R: from, N: rest})
	if err == nil && passed < rest {
		err = io.ErrUnexpectedEOF
	}
	return n + passed, err
}

// writeBoth writes a head and the begin of its body in one piece.
func writeBoth(to io.Writer, head, body []byte) (int64, error) {
	const worthCopying = 4 << 10
	if len(body) <= worthCopying {
		n, err := to.Write(append(head, body...))
		return int64(n), err
	}
	both := net.Buffers{head, body}
	return both.WriteTo(to)
}

// plainWriter hides everything but Write.
type plainWriter struct{ io.Writer }

// exactReader reads a body of known length.
type exactReader struct {
	in   *bufio.Reader
	left int64
}

func (r *exactReader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n, err := r.in.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// chunkReader reads a chunked body, and leaves it chunked.
type chunkReader struct {
	in    *bufio.Reader
	line  []byte // a mark that is read, and not passed on yet
	left  int64  // bytes of the chunk
	last  bool   // only trailers follow
	ended bool
}

func (r *chunkReader) Read(p []byte) (int, error) {
	for len(r.line) == 0 && r.left == 0 {
		if r.ended {
			return 0, io.EOF
		}
		if err := r.mark(); err != nil {
			return 0, err
		}
	}
	if len(r.line) > 0 {
		n := copy(p, r.line)
		r.line = r.line[n:]
		return n, nil
	}
	n, err := r.in.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// mark reads the line that says how long the next chunk is, or a trailer.
func (r *chunkReader) mark() error {
	line, err := r.in.ReadSlice('\n')
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	r.line = bytes.Clone(line)
	if r.last {
		r.ended = blank(line)
		return nil
	}
	digits, _, _ := strings.Cut(strings.TrimSpace(string(line)), ";")
	size, err := strconv.ParseInt(strings.TrimSpace(digits), 16, 62)
	if err != nil || size < 0 {
		return fmt.Errorf("chunk of %q bytes", digits)
	}
	const end = int64(len("\r\n"))
	if size == 0 {
		r.last = true
	} else {
		r.left = size + end
	}
	return nil
}

// captured is a body that was read into memory.
type captured struct {
	raw   []byte // as it travels
	plain []byte // without marks of chunks
}

// capture reads a body of at most limit bytes. What is longer is no error: whole is false, and raw is its begin.
func (f framing) capture(in *bufio.Reader, limit int64) (c captured, whole bool, rest io.Reader, err error) {
	rest = f.reader(in)
	c.raw, err = io.ReadAll(io.LimitReader(rest, limit+1))
	if err != nil {
		return c, false, rest, err
	}
	c.plain = c.raw
	if int64(len(c.raw)) > limit {
		return c, false, rest, nil
	}
	if f.chunked {
		c.plain, err = io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(c.raw)))
	}
	return c, true, rest, err
}
