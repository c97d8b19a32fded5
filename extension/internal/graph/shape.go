package graph

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"reflect"
)

// Shape is a fingerprint of a type and of all that its values can hold: data of another shape is not read.
func Shape(t reflect.Type) string {
	h := sha256.New()
	describe(h, t, map[reflect.Type]int{})
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// describe writes a type; one that was met before by its number.
func describe(w io.Writer, t reflect.Type, met map[reflect.Type]int) {
	if number, ok := met[t]; ok {
		fmt.Fprintf(w, "#%d;", number)
		return
	}
	met[t] = len(met)
	f := formOf(t)
	fmt.Fprintf(w, "%s %s %d;", t, t.Kind(), f)
	if f == atomicPtr {
		describe(w, pointee(t), met)
		return
	}
	if f != plain {
		return
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		describe(w, t.Elem(), met)
	case reflect.Array:
		fmt.Fprintf(w, "%d;", t.Len())
		describe(w, t.Elem(), met)
	case reflect.Map:
		describe(w, t.Key(), met)
		describe(w, t.Elem(), met)
	case reflect.Struct:
		for i := range t.NumField() {
			if about := t.Field(i); !left(about) {
				fmt.Fprintf(w, "%s:", about.Name)
				describe(w, about.Type, met)
			}
		}
	default:
	}
}

// pointee is what an atomic.Pointer points to.
func pointee(t reflect.Type) reflect.Type {
	load, _ := reflect.PointerTo(t).MethodByName("Load")
	return load.Type.Out(0)
}
