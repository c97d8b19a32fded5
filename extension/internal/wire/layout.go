package wire

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

//go:generate go run layouts_generate.go

// kmsg takes a message at its word: where it says that four billion tagged fields follow, kmsg looks for each of them, for more than
// a minute, and where it says that there are as many elements as bytes left, kmsg makes room for them all. So the numbers of a
// message are checked before it is decoded, along the layouts of the messages.
//
// Each line of the file has key, direction (> request, < response), first flexible version or −1, and the layout:
//
//	b h i l u   1, 2, 4, 8, 16 bytes    s y      string, bytes; nullable or not
//	[T]         array                   ( )      struct: its fields, and where they have numbers, its known tagged fields
//	?( )        struct or null          3-7T     only in these versions, to the last one where there is no second number
//
//go:embed layouts.txt
var layoutsText string

// layouts are those of all messages, by the place of the message.
var layouts = sync.OnceValue(func() map[place]layout {
	all := map[place]layout{}
	for line := range strings.Lines(layoutsText) {
		part := strings.SplitN(strings.TrimSpace(line), " ", 4)
		p := &layoutParser{rest: part[3]}
		all[place{int16(number(part[0])), part[1] == ">"}] = layout{flexible: int16(number(part[2])), shape: p.shape()}
	}
	return all
})

// place names a message: the request or the response of an API.
type place struct {
	key     int16
	request bool
}

// layout is how a message is laid out.
type layout struct {
	flexible int16 // the first version that is, or −1
	shape    *shape
}

// shape is how one field is laid out.
type shape struct {
	kind     byte // as in the file
	from, to int16
	element  *shape            // of arrays; the struct of one that may be null
	fields   []*shape          // of structs
	tagged   map[uint32]*shape // of structs: known tagged fields
}

type layoutParser struct{ rest string }

func (p *layoutParser) take() byte {
	c := p.rest[0]
	p.rest = p.rest[1:]
	return c
}

func (p *layoutParser) number() int {
	n := len(p.rest) - len(strings.TrimLeft(p.rest, "0123456789"))
	digits := p.rest[:n]
	p.rest = p.rest[n:]
	return number(digits)
}

// shape parses a type.
func (p *layoutParser) shape() *shape {
	s := &shape{kind: p.take()}
	switch s.kind {
	case '[':
		s.element = p.shape()
		p.take()
	case '?':
		s.element = p.shape()
	case '(':
		s.tagged = map[uint32]*shape{}
		for p.rest[0] != ')' {
			p.field(s)
			p.rest = strings.TrimPrefix(p.rest, " ")
		}
		p.take()
	}
	return s
}

// field parses a field of a struct.
func (p *layoutParser) field(of *shape) {
	from, to := 0, maxVersion
	if p.rest[0] >= '0' && p.rest[0] <= '9' {
		from = p.number()
		if p.take() == ':' {
			of.tagged[uint32(from)] = p.shape()
			return
		}
		if p.rest[0] >= '0' && p.rest[0] <= '9' {
			to = p.number()
		}
	}
	s := p.shape()
	s.from, s.to = int16(from), int16(to)
	of.fields = append(of.fields, s)
}

const maxVersion = 1<<15 - 1

// number parses what the generator has written; only a broken build can have anything else.
func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		panic(fmt.Sprintf("layouts.txt: %v", err))
	}
	return n
}

// checkNumbers reports an array or tagged fields that the rest of the message cannot hold. What it says nothing of is left to kmsg.
func checkNumbers(key, version int16, request bool, body []byte) error {
	l, known := layouts()[place{key, request}]
	if !known {
		return fmt.Errorf("the layout of %s is not known: run go generate", kmsg.NameForKey(key))
	}
	w := walk{in: kbin.Reader{Src: body}, version: version, flexible: l.flexible >= 0 && version >= l.flexible}
	return w.over(l.shape)
}

// walk goes over a message without keeping anything.
type walk struct {
	in       kbin.Reader
	version  int16
	flexible bool
	null     func(left, width int) // sees bytes that are null: how many bytes follow, and how many say that
}

func (w *walk) over(s *shape) error {
	switch s.kind {
	case 's':
		w.skip(w.length(func() int { return int(w.in.Int16()) }))
	case 'y':
		before := len(w.in.Src)
		n := w.length(func() int { return int(w.in.Int32()) })
		if w.null != nil && n < 0 {
			w.null(len(w.in.Src), before-len(w.in.Src))
		}
		w.skip(n)
	case '[':
		return w.array(s.element)
	case '?':
		if w.in.Int8() != -1 && w.in.Ok() {
			return w.over(s.element)
		}
	case '(':
		for _, field := range s.fields {
			if w.version < field.from || w.version > field.to {
				continue
			}
			if err := w.over(field); err != nil || !w.in.Ok() {
				return err
			}
		}
		return w.tags(s.tagged)
	default:
		w.skip(w.least(s))
	}
	return nil
}

// length reads a length, or a number of elements, that is negative where there is null.
func (w *walk) length(plain func() int) int {
	if w.flexible {
		return int(int32(w.in.Uvarint())) - 1
	}
	return plain()
}

func (w *walk) skip(n int) {
	if n > 0 {
		w.in.Span(n)
	}
}

func (w *walk) array(element *shape) error {
	n := w.length(func() int { return int(w.in.Int32()) })
	if n > len(w.in.Src)/max(w.least(element), 1) {
		return fmt.Errorf("an array of %d elements where %d bytes are left", n, len(w.in.Src))
	}
	for range n {
		if err := w.over(element); err != nil || !w.in.Ok() {
			return err
		}
	}
	return nil
}

func (w *walk) tags(known map[uint32]*shape) error {
	if !w.flexible {
		return nil
	}
	const least = 2 // a key and a size
	n := w.in.Uvarint()
	if int(n) > len(w.in.Src)/least {
		return fmt.Errorf("%d tagged fields where %d bytes are left", n, len(w.in.Src))
	}
	for range n {
		key := w.in.Uvarint()
		value := w.in.Span(int(w.in.Uvarint()))
		if s := known[key]; s != nil && w.in.Ok() {
			inner := walk{in: kbin.Reader{Src: value}, version: w.version, flexible: w.flexible}
			if err := inner.over(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// least is how many bytes there are at least where the shape is.
func (w *walk) least(s *shape) int {
	switch s.kind {
	case 'b', '?':
		return 1
	case 'h':
		return 2
	case 'i':
		return 4
	case 'l':
		return 8
	case 'u':
		return 16
	case '(':
		n := 0
		for _, field := range s.fields {
			if w.version >= field.from && w.version <= field.to {
				n += w.least(field)
			}
		}
		if w.flexible {
			n++ // how many tagged fields there are
		}
		return n
	}
	switch {
	case w.flexible:
		return 1 // a length
	case s.kind == 's':
		return 2
	}
	return 4
}
