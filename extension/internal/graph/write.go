package graph

import (
	"bytes"
	"encoding"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"time"
)

// Append appends what v, a pointer, points to. Times are kept as their distance from since, by the monotonic clock where both have it.
// Nothing of it may change meanwhile.
func Append(to []byte, v any, since time.Time) (data []byte, err error) {
	w := &writer{out: to}
	err = w.root(v, since)
	return w.out, err
}

// Stream writes the same piece by piece, and gives its length. It keeps no more in memory than the largest value that has a binary form
// of its own, or a piece of it if it gives those (see [Pieces]).
func Stream(to io.Writer, v any, since time.Time) (length int64, err error) {
	w := &writer{sink: to}
	if err = w.root(v, since); err == nil {
		err = w.flush()
	}
	return w.flushed, err
}

// Pieces is a binary form that is too large to be made at once.
type Pieces interface {
	encoding.BinaryMarshaler
	// MarshalPieces gives the length of the binary form, and visits it piece by piece.
	MarshalPieces() (length uint64, visit func(emit func([]byte)) error)
}

func (w *writer) root(v any, since time.Time) (err error) {
	root := reflect.ValueOf(v)
	w.since, w.known = since, map[pointer]uint64{{root.Pointer(), root.Type()}: 1}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case unfitError:
			err = r
		case sinkError:
			err = r.error
		default:
			panic(r)
		}
	}()
	w.value(root.Elem())
	return nil
}

// sinkError is that what was written could not be passed on.
type sinkError struct{ error }

// manyBytes is what is passed on at once.
const manyBytes = 64 << 10

func (w *writer) flush() error {
	n, err := w.sink.Write(w.out)
	w.flushed += int64(n)
	w.out = w.out[:0]
	return err //nolint:wrapcheck // whoever gave the sink knows what it is
}

// flushMany passes on what there is, if it is much and if there is a sink.
func (w *writer) flushMany() {
	if w.sink == nil || len(w.out) < manyBytes {
		return
	}
	if err := w.flush(); err != nil {
		panic(sinkError{err})
	}
}

// unfitError is a value that cannot be written.
type unfitError struct {
	kind reflect.Type
	why  error
}

func (e unfitError) Error() string {
	if e.why != nil {
		return fmt.Sprintf("graph: a %s cannot be written: %v", e.kind, e.why)
	}
	return fmt.Sprintf("graph: a %s cannot be written: leave it out with the tag graph:\"-\"", e.kind)
}

func (e unfitError) Unwrap() error { return e.why }

type writer struct {
	out     []byte
	sink    io.Writer // where out goes once it is much; nil: nowhere
	flushed int64

	since time.Time
	known map[pointer]uint64 // number of each, from 1
}

// pointer is one with its type: a struct and its first field have one address.
type pointer struct {
	to   uintptr
	kind reflect.Type
}

func (w *writer) uint(n uint64) { w.out = binary.AppendUvarint(w.out, n) }

func (w *writer) int(n int64) { w.out = binary.AppendVarint(w.out, n) }

func (w *writer) bytes(b []byte) {
	w.uint(uint64(len(b)))
	w.out = append(w.out, b...)
}

// value writes an addressable value.
func (w *writer) value(v reflect.Value) {
	w.flushMany()
	switch formOf(v.Type()) {
	case nothing:
	case clock:
		w.time(v.Interface().(time.Time))
	case atomicPtr:
		w.pointer(v.Addr().MethodByName("Load").Call(nil)[0])
	case marshaled:
		w.marshaled(v)
	default:
		w.plain(v)
	}
}

func (w *writer) marshaled(v reflect.Value) {
	if p, ok := v.Addr().Interface().(Pieces); ok {
		length, visit := p.MarshalPieces()
		w.uint(length)
		if err := visit(func(piece []byte) {
			w.out = append(w.out, piece...)
			w.flushMany()
		}); err != nil {
			panic(unfitError{v.Type(), err})
		}
		return
	}
	data, err := v.Addr().Interface().(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		panic(unfitError{v.Type(), err})
	}
	w.bytes(data)
}

func (w *writer) plain(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		w.out = append(w.out, btoi(v.Bool()))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		w.int(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		w.uint(v.Uint())
	case reflect.Float32, reflect.Float64:
		w.out = binary.LittleEndian.AppendUint64(w.out, math.Float64bits(v.Float()))
	case reflect.String:
		w.bytes([]byte(v.String()))
	case reflect.Pointer:
		w.pointer(v)
	case reflect.Slice:
		w.slice(v)
	case reflect.Array:
		for i := range v.Len() {
			w.value(v.Index(i))
		}
	case reflect.Map:
		w.mapping(v)
	case reflect.Struct:
		for i := range v.NumField() {
			if f, ok := field(v, i); ok {
				w.value(f)
			}
		}
	default:
		panic(unfitError{kind: v.Type()})
	}
}

func btoi(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// How a time is written: its first byte.
const (
	noTime    = 0
	localTime = 1
	utcTime   = 2
)

func (w *writer) time(t time.Time) {
	if t.IsZero() {
		w.out = append(w.out, noTime)
		return
	}
	zone := byte(localTime)
	if t.Location() == time.UTC {
		zone = utcTime
	}
	w.out = append(w.out, zone)
	w.int(int64(t.Sub(w.since)))
}

// pointer writes 0 for nil, and a number for any other, with what it points to at the first time.
func (w *writer) pointer(v reflect.Value) {
	if v.IsNil() {
		w.uint(0)
		return
	}
	key := pointer{v.Pointer(), v.Type()}
	number, met := w.known[key]
	if !met {
		number = uint64(len(w.known)) + 1
		w.known[key] = number
	}
	w.uint(number)
	if !met {
		w.value(v.Elem())
	}
}

// slice writes 0 for nil, and one more than the length for any other.
func (w *writer) slice(v reflect.Value) {
	if v.IsNil() {
		w.uint(0)
		return
	}
	w.uint(uint64(v.Len()) + 1)
	if v.Type().Elem().Kind() == reflect.Uint8 {
		w.out = append(w.out, v.Bytes()...)
		return
	}
	for i := range v.Len() {
		w.value(v.Index(i))
	}
}

// pair is a key of a map, as it is written, with its value.
type pair struct {
	key   []byte
	value reflect.Value
}

// mapping writes a map like a slice of its keys and values, sorted by the bytes of the keys, so that equal data has equal bytes. Pointers
// cannot be keys: no order of theirs lasts.
func (w *writer) mapping(v reflect.Value) {
	if v.IsNil() {
		w.uint(0)
		return
	}
	if v.Type().Key().Kind() == reflect.Pointer {
		panic(unfitError{kind: v.Type()})
	}
	w.uint(uint64(v.Len()) + 1)
	pairs := make([]pair, 0, v.Len())
	for all := v.MapRange(); all.Next(); {
		side := writer{since: w.since}
		side.value(addressable(all.Key()))
		pairs = append(pairs, pair{side.out, all.Value()})
	}
	slices.SortFunc(pairs, func(a, b pair) int { return bytes.Compare(a.key, b.key) })
	for _, p := range pairs {
		w.out = append(w.out, p.key...)
		w.value(addressable(p.value))
	}
}

// addressable copies a value to where its fields have addresses.
func addressable(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	return out
}
