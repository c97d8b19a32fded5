package s3proxy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
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

// request is what a client wants.
type request struct {
	head        []byte
	method      string
	url         *url.URL
	body        framing
	closing     bool // it is the last one on its connection
	expects     bool // the client sends the body only when it is told to
	client      net.Addr
	operation   Operation
	bucket, key string
}

// parseRequest reads a head. It keeps the memory of it.
func parseRequest(head []byte, client net.Addr) (*request, error) {
	r := &request{head: head, client: client}
	copies, ok := r.scan()
	if !ok {
		parsed, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
		if err != nil {
			return nil, err
		}
		r.method, r.url, r.closing = parsed.Method, parsed.URL, parsed.Close
		r.expects, copies = strings.EqualFold(parsed.Header.Get("Expect"), "100-continue"), parsed.Header.Get("X-Amz-Copy-Source") != ""
		if r.body.length = parsed.ContentLength; len(parsed.TransferEncoding) > 0 {
			r.body = framing{chunked: true}
		}
	}
	r.operation, r.bucket, r.key = identify(r.method, r.url, copies)
	return r, nil
}

// scan reads a plain head, which nearly all are. It reports whether it is one, and whether the request copies an object.
func (r *request) scan() (copies, ok bool) {
	line, rest, _ := bytes.Cut(r.head, []byte("\r\n"))
	method, line, _ := bytes.Cut(line, []byte(" "))
	target, version, _ := bytes.Cut(line, []byte(" "))
	if string(version) != "HTTP/1.1" || len(target) == 0 || target[0] != '/' || !plainName(method) || !plainValue(target) {
		return false, false
	}
	f, ok := scanFields(rest)
	if !ok {
		return false, false
	}
	var err error
	if r.url, err = url.ParseRequestURI(string(target)); err != nil {
		return false, false
	}
	r.method, r.closing, r.expects, r.body.length = string(method), f.closing, f.expects, max(0, f.length)
	return f.copies, true
}

// name is what a rule's key is held against.
func (r *request) name() string {
	if r.operation.lists() {
		return r.url.Query().Get("prefix")
	}
	return r.key
}

// size is how long the body is, as far as the request says.
func (r *request) size() int64 { return r.body.length }

// response is the upstream's answer.
type response struct {
	head    []byte
	status  int
	etag    string // without quotes
	closing bool   // it is the last one on its connection
	body    framing
}

// parseResponse reads a head. It keeps the memory of it.
func parseResponse(head []byte, to *request) (*response, error) {
	r := &response{head: head}
	if r.scan(to.method) {
		return r, nil
	}
	in, asked := bufio.NewReader(bytes.NewReader(head)), &http.Request{Method: to.method}
	parsed, err := http.ReadResponse(in, asked) //nolint:bodyclose // there is none
	if err != nil {
		return nil, err
	}
	r.status, r.etag, r.closing = parsed.StatusCode, strings.Trim(parsed.Header.Get("ETag"), `"`), parsed.Close
	switch {
	case to.method == http.MethodHead || r.status < http.StatusOK || r.status == http.StatusNoContent || r.status == http.StatusNotModified:
	case len(parsed.TransferEncoding) > 0:
		r.body.chunked = true
	case parsed.ContentLength < 0:
		r.body.toEnd = true
	default:
		r.body.length = parsed.ContentLength
	}
	return r, nil
}

// scan reads a plain head, which nearly all are. It reports whether it is one.
func (r *response) scan(method string) bool {
	line, rest, _ := bytes.Cut(r.head, []byte("\r\n"))
	const version = "HTTP/1.1 "
	if !bytes.HasPrefix(line, []byte(version)) || len(line) < len(version)+3 || len(line) > len(version)+3 && line[len(version)+3] != ' ' ||
		!plainValue(line) {
		return false
	}
	status, err := strconv.Atoi(string(line[len(version) : len(version)+3]))
	f, ok := scanFields(rest)
	if err != nil || status < http.StatusOK || status == http.StatusNoContent || status == http.StatusNotModified || !ok || f.length < 0 {
		return false
	}
	r.status, r.etag, r.closing = status, f.etag, f.closing
	if method != http.MethodHead {
		r.body.length = f.length
	}
	return true
}

// success reports whether what was asked for was done, as far as the status says.
func (r *response) success() bool { return r.status/100 == 2 }

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
