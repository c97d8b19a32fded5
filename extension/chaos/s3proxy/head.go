package s3proxy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// maxHead bounds the header of a message, as net/http does.
const maxHead = 1 << 20

// readHead appends the first line and the header of a message to into, byte for byte, with the empty line that ends them.
func readHead(in *bufio.Reader, into []byte) ([]byte, error) {
	begin := true // of a line
	for {
		part, err := in.ReadSlice('\n')
		if begin && len(into) == 0 && err == nil && blank(part) {
			continue // RFC 9112, 2.2: before a request-line, an empty line is to be ignored
		}
		into = append(into, part...)
		switch {
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return into, err
		case len(into) > maxHead:
			return into, fmt.Errorf("a header of more than %d bytes", maxHead)
		case err == nil && begin && blank(part):
			return into, nil
		}
		begin = err == nil
	}
}

func blank(line []byte) bool { return len(line) == 1 || len(line) == 2 && line[0] == '\r' }

// parser reads heads that are whole. It keeps its buffers from one to the next.
type parser struct {
	bytes bytes.Reader
	text  *bufio.Reader
}

func (p *parser) on(head []byte) *bufio.Reader {
	p.bytes.Reset(head)
	if p.text == nil {
		p.text = bufio.NewReader(&p.bytes)
	} else {
		p.text.Reset(&p.bytes)
	}
	return p.text
}

// request is what a client wants.
type request struct {
	*http.Request // its body is not there

	head        []byte
	body        framing
	client      net.Addr
	operation   Operation
	bucket, key string
}

func (p *parser) request(head []byte, client net.Addr) (*request, error) {
	parsed, err := http.ReadRequest(p.on(head))
	if err != nil {
		return nil, err
	}
	r := &request{Request: parsed, head: head, client: client, body: framing{length: parsed.ContentLength}}
	if len(parsed.TransferEncoding) > 0 {
		r.body = framing{chunked: true}
	}
	r.operation, r.bucket, r.key = identify(parsed)
	return r, nil
}

// name is what a rule's key is held against.
func (r *request) name() string {
	if r.operation.lists() {
		return r.URL.Query().Get("prefix")
	}
	return r.key
}

func (r *request) sources() []string { return sourcesOf(r.client, r.Header, r.URL.Query()) }

// waits reports whether the client sends the body only when it is told to.
func (r *request) waits() bool { return strings.EqualFold(r.Header.Get("Expect"), "100-continue") }

// size is how long the body is, as far as the request says.
func (r *request) size() int64 { return r.body.length }

// response is the upstream's answer.
type response struct {
	*http.Response // its body is not there

	head []byte
	body framing
}

func (p *parser) response(head []byte, to *request) (*response, error) {
	parsed, err := http.ReadResponse(p.on(head), to.Request)
	if err != nil {
		return nil, err
	}
	r := &response{Response: parsed, head: head}
	switch {
	case to.Method == http.MethodHead || parsed.StatusCode < 200 ||
		parsed.StatusCode == http.StatusNoContent || parsed.StatusCode == http.StatusNotModified:
	case len(parsed.TransferEncoding) > 0:
		r.body.chunked = true
	case parsed.ContentLength < 0:
		r.body.toEnd = true
	default:
		r.body.length = parsed.ContentLength
	}
	return r, nil
}

// success reports whether what was asked for was done, as far as the status says.
func (r *response) success() bool { return r.StatusCode/100 == 2 }

// withLength gives the head with another length of the body.
func withLength(head []byte, length int) []byte {
	var out []byte
	for line := range bytes.Lines(head) {
		name, _, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")), bytes.EqualFold(name, []byte("Transfer-Encoding")):
			continue
		case blank(line):
			out = append(out, "Content-Length: "+strconv.Itoa(length)+"\r\n"...)
		}
		out = append(out, line...)
	}
	return out
}
