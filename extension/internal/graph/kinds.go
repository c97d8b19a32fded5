package graph

import (
	"encoding"
	"reflect"
	"strings"
	"sync"
	"time"
	"unsafe"
)

// form is how values of a type are written.
type form uint8

const (
	plain     form = iota // by its kind
	nothing               // not at all: its zero value is right
	clock                 // a time
	marshaled             // by its own MarshalBinary
	atomicPtr             // an atomic.Pointer, by what it points to
)

var (
	timeType      = reflect.TypeFor[time.Time]()
	marshalerType = reflect.TypeFor[encoding.BinaryMarshaler]()
	readerType    = reflect.TypeFor[encoding.BinaryUnmarshaler]()
	locks         = map[reflect.Type]bool{
		reflect.TypeFor[sync.Mutex](): true, reflect.TypeFor[sync.RWMutex](): true, reflect.TypeFor[sync.Once](): true,
	}
)

func formOf(t reflect.Type) form {
	switch {
	case t == timeType:
		return clock
	case locks[t]:
		return nothing
	case t.PkgPath() == "sync/atomic" && strings.HasPrefix(t.Name(), "Pointer["):
		return atomicPtr
	case t.Kind() == reflect.Struct && reflect.PointerTo(t).Implements(marshalerType) && reflect.PointerTo(t).Implements(readerType):
		return marshaled
	}
	return plain
}

// field gives the i-th field of an addressable struct, as if it were exported; ok is false for one that is left out.
func field(v reflect.Value, i int) (f reflect.Value, ok bool) {
	about := v.Type().Field(i)
	if left(about) {
		return reflect.Value{}, false
	}
	f = v.Field(i)
	return reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem(), true //nolint:gosec // the only way to a field of others
}

func left(f reflect.StructField) bool { return f.Name == "_" || f.Tag.Get("graph") == "-" }
