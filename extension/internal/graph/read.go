package graph

import (
	"encoding"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"time"
)

// ErrDamaged is what [Read] says of data that [Append] never wrote.
var ErrDamaged = errors.New("the data is damaged")

// Read fills what v, a pointer, points to with data of [Append]; since must be the time that was given to it.
func Read(data []byte, v any, since time.Time) (err error) {
	root := reflect.ValueOf(v)
	r := &reader{left: data, since: since, known: []reflect.Value{root}}
	defer func() {
		if p := recover(); p != nil { // whatever goes wrong here, reflection included, goes wrong by what the data says
			err = fmt.Errorf("graph: %w: %v", ErrDamaged, p)
		}
	}()
	r.value(root.Elem())
	if len(r.left) > 0 {
		return fmt.Errorf("graph: %w: %d bytes too many", ErrDamaged, len(r.left))
	}
	return nil
}

type reader struct {
	left  []byte
	since time.Time
	known []reflect.Value // pointers by number − 1
}

func (r *reader) uint() uint64 { return number(r, binary.Uvarint) }

func (r *reader) int() int64 { return number(r, binary.Varint) }

func number[N uint64 | int64](r *reader, read func([]byte) (N, int)) N {
	n, length := read(r.left)
	if length <= 0 {
		panic("a number has no end")
	}
	r.left = r.left[length:]
	return n
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.left)) {
		panic(fmt.Sprintf("%d bytes are missing", n-uint64(len(r.left))))
	}
	out := r.left[:n:n]
	r.left = r.left[n:]
	return out
}

// value fills an addressable value.
func (r *reader) value(v reflect.Value) {
	switch formOf(v.Type()) {
	case nothing:
	case clock:
		v.Set(reflect.ValueOf(r.time()))
	case atomicPtr:
		v.Addr().MethodByName("Store").Call([]reflect.Value{r.pointer(pointee(v.Type()))})
	case marshaled:
		if err := v.Addr().Interface().(encoding.BinaryUnmarshaler).UnmarshalBinary(r.take(r.uint())); err != nil {
			panic(err)
		}
	default:
		r.plain(v)
	}
}

func (r *reader) plain(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(r.take(1)[0] != 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(r.int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(r.uint())
	case reflect.Float32, reflect.Float64:
		v.SetFloat(math.Float64frombits(binary.LittleEndian.Uint64(r.take(8))))
	case reflect.String:
		v.SetString(string(r.take(r.uint())))
	case reflect.Pointer:
		v.Set(r.pointer(v.Type()))
	case reflect.Slice:
		r.slice(v)
	case reflect.Array:
		for i := range v.Len() {
			r.value(v.Index(i))
		}
	case reflect.Map:
		r.mapping(v)
	case reflect.Struct:
		for i := range v.NumField() {
			if f, ok := field(v, i); ok {
				r.value(f)
			}
		}
	default:
		panic(fmt.Sprintf("there is a %s", v.Type()))
	}
}

func (r *reader) time() time.Time {
	zone := r.take(1)[0]
	if zone == noTime {
		return time.Time{}
	}
	t := r.since.Round(0).Add(time.Duration(r.int()))
	if zone == utcTime {
		return t.UTC()
	}
	return t.Local()
}

func (r *reader) pointer(t reflect.Type) reflect.Value {
	switch number := r.uint(); {
	case number == 0:
		return reflect.Zero(t)
	case number <= uint64(len(r.known)):
		return r.known[number-1]
	case number == uint64(len(r.known))+1:
		p := reflect.New(t.Elem())
		r.known = append(r.known, p)
		r.value(p.Elem())
		return p
	default:
		panic("a pointer leads nowhere")
	}
}

// maxEmpty bounds a list of elements that take no bytes: nothing else does.
const maxEmpty = 1 << 20

func (r *reader) slice(v reflect.Value) {
	n := r.uint()
	if n == 0 {
		return
	}
	n--
	if v.Type().Elem().Kind() == reflect.Uint8 {
		v.SetBytes(append([]byte{}, r.take(n)...))
		return
	}
	out := reflect.MakeSlice(v.Type(), 0, int(min(n, 64)))
	for range n {
		element := reflect.New(v.Type().Elem()).Elem()
		before := len(r.left)
		r.value(element)
		if out = reflect.Append(out, element); len(r.left) == before && out.Len() > maxEmpty {
			panic("a list has no end")
		}
	}
	v.Set(out)
}

func (r *reader) mapping(v reflect.Value) {
	n := r.uint()
	if n == 0 {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for range n - 1 {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		r.value(key)
		r.value(value)
		v.SetMapIndex(key, value)
	}
}
