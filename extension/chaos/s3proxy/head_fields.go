package s3proxy

import (
	"bytes"
	"strconv"
	"strings"
)

// fields are what has to be known of a header.
type fields struct {
	length                   int64 // −1: it does not say
	etag                     string
	closing, expects, copies bool
	seen                     uint32 // of once
}

// scanFields reads a header as plain as nearly all are: fields of one line each that are in no way odd, and the length of the body in
// one of them. It is false for all others, which are left to net/http: what has no room for doubt needs no second opinion, and takes a
// tenth of the time.
func scanFields(header []byte) (f fields, ok bool) {
	f.length = -1
	for {
		line, rest, found := bytes.Cut(header, []byte("\n"))
		if !found || len(line) == 0 || line[len(line)-1] != '\r' {
			return f, false
		}
		if line = line[:len(line)-1]; len(line) == 0 {
			return f, len(rest) == 0
		}
		name, value, found := bytes.Cut(line, []byte(":"))
		if !found || !plainName(name) || !plainValue(value) || !f.take(name, bytes.Trim(value, " \t")) {
			return f, false
		}
		header = rest
	}
}

// take notes one field; false: it is odd.
func (f *fields) take(name, value []byte) bool {
	is := func(other string) bool { return len(name) == len(other) && strings.EqualFold(string(name), other) }
	switch name[0] | 0x20 { // in lower case
	case 'c':
		switch {
		case is("Content-Length"):
			return f.takeLength(value)
		case is("Connection"):
			f.closing = strings.EqualFold(string(value), "close")
			return f.once('c') && (f.closing || strings.EqualFold(string(value), "keep-alive"))
		}
	case 'e':
		switch {
		case is("ETag"):
			f.etag = string(bytes.Trim(value, `"`))
			return f.once('e')
		case is("Expect"):
			f.expects = true
			return strings.EqualFold(string(value), "100-continue")
		}
	case 'h':
		return !is("Host") || f.once('h')
	case 't':
		return !is("Transfer-Encoding") && !is("Trailer")
	case 'u':
		return !is("Upgrade")
	case 'x':
		if is("X-Amz-Copy-Source") {
			f.copies = true
			return len(value) > 0
		}
	}
	return true
}

// once reports whether a field is there for the first time.
func (f *fields) once(letter byte) bool {
	bit := uint32(1) << (letter - 'a')
	before := f.seen
	f.seen |= bit
	return before&bit == 0
}

func (f *fields) takeLength(value []byte) bool {
	n, err := strconv.ParseUint(string(value), 10, 62)
	if err != nil || f.length >= 0 || value[0] == '+' {
		return false
	}
	f.length = int64(n)
	return true
}

// plainName reports whether a name has letters, digits and hyphens only.
func plainName(name []byte) bool {
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return len(name) > 0
}

// plainValue reports whether a value has no control characters but tabs.
func plainValue(value []byte) bool {
	for _, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// field gives the value of a header's field, "" if there is none.
func field(head []byte, name string) string {
	for line := range bytes.Lines(head) {
		found, value, ok := bytes.Cut(line, []byte(":"))
		if ok && strings.EqualFold(string(found), name) {
			return string(bytes.TrimSpace(value))
		}
	}
	return ""
}
