package wire_test

import (
	"encoding/binary"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/wire"
)

// fill gives every field a value, every array two elements, and every struct a tagged field that nobody knows.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Struct:
		if tags, ok := v.Addr().Interface().(*kmsg.Tags); ok {
			tags.Set(99, []byte("unknown"))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).Name != "Version" {
				fill(v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0))
		fill(v.Index(1))
	case reflect.Array:
		fill(v.Index(0))
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(0.5)
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(3)
	case reflect.Uint8, reflect.Uint16:
		v.SetUint(4)
	default:
		panic(v.Kind())
	}
}

func TestFullMessagesOfEveryVersionComeThrough(t *testing.T) {
	t.Parallel()
	for _, key := range keys() {
		request := kmsg.RequestForKey(key)
		response := request.ResponseKind()
		fill(reflect.ValueOf(request).Elem())
		fill(reflect.ValueOf(response).Elem())
		for version := range request.MaxVersion() + 1 {
			if kmsg.Key(key) == kmsg.ControlledShutdown && version == 0 {
				continue
			}
			request.SetVersion(version)
			frame := wire.EncodeRequest(request, 1, "me")
			r, err := wire.ParseRequest(frame)
			require.NoError(t, err)
			got := kmsg.RequestForKey(key)
			require.NoError(t, r.Decode(got), "%s %d", kmsg.NameForKey(key), version)
			require.Equal(t, frame, wire.EncodeRequest(got, 1, "me"))

			response.SetVersion(version)
			frame = wire.EncodeResponse(response, 1)
			answer := request.ResponseKind()
			answer.SetVersion(version)
			require.NoError(t, wire.DecodeResponse(frame, answer), "%s %d", kmsg.NameForKey(key), version)
			require.Equal(t, frame, wire.EncodeResponse(answer, 1))
		}
	}
}

// Each of these takes kmsg alone more than a minute.
func TestTaggedFieldsThatCannotBeThereAreMalformed(t *testing.T) {
	t.Parallel()
	endless := func(frame []byte) []byte {
		frame = append(frame[:len(frame)-1:len(frame)-1], 0xff, 0xff, 0xff, 0xff, 0x0f)
		binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
		return frame
	}
	for _, key := range keys() {
		request := kmsg.RequestForKey(key)
		request.SetVersion(request.MaxVersion())
		if !request.IsFlexible() {
			continue
		}
		r, err := wire.ParseRequest(endless(wire.EncodeRequest(request, 1, "me")))
		require.NoError(t, err)
		require.ErrorIs(t, r.Decode(request), wire.ErrMalformed, kmsg.NameForKey(key))
		response := request.ResponseKind()
		response.SetVersion(request.MaxVersion())
		require.ErrorIs(t, wire.DecodeResponse(endless(wire.EncodeResponse(response, 1)), response), wire.ErrMalformed)
	}
}

func TestTaggedFieldsThatCannotBeInOneAreMalformed(t *testing.T) {
	t.Parallel()
	fetch := kmsg.NewPtrFetchRequest()
	fetch.SetVersion(15)
	frame := wire.EncodeRequest(fetch, 1, "me")
	const state, size = 1, 4 + 8 + 5
	frame = append(frame[:len(frame)-1], 1, state, size)
	frame = append(frame, make([]byte, 12)...)
	frame = append(frame, 0xff, 0xff, 0xff, 0xff, 0x0f)
	r, err := wire.ParseRequest(frame)
	require.NoError(t, err)
	require.ErrorContains(t, r.Decode(fetch), "4294967295 tagged fields where 0 bytes are left")
}

// kmsg alone makes room for as many elements as there are bytes, however many bytes each of them takes.
func TestArraysThatCannotBeThereAreMalformed(t *testing.T) {
	t.Parallel()
	const partitions = 1 << 20
	produce := kmsg.NewPtrProduceRequest()
	produce.SetVersion(3)
	topic := kmsg.NewProduceRequestTopic()
	produce.Topics = []kmsg.ProduceRequestTopic{topic}
	frame := wire.EncodeRequest(produce, 1, "me")
	binary.BigEndian.PutUint32(frame[len(frame)-4:], partitions)
	r, err := wire.ParseRequest(append(frame, make([]byte, 8*partitions-1)...))
	require.NoError(t, err)
	require.ErrorContains(t, r.Decode(produce), "an array of 1048576 elements where 8388607 bytes are left")
	r, err = wire.ParseRequest(append(frame, make([]byte, 8*partitions)...))
	require.NoError(t, err)
	require.NoError(t, r.Decode(produce))
}
