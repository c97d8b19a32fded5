package ledger_test

import (
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

func TestMadeRecordsCarryAUUIDVersion8(t *testing.T) {
	t.Parallel()
	l := ledger.New(ledger.Options{Run: "run", Instance: 7})
	l.NewProducer(ledger.ProducerOptions{})
	p := l.NewProducer(ledger.ProducerOptions{})
	for sequence := range 3 {
		m := p.Make([]byte("key"), 200)
		require.Len(t, m.Value, 200)
		require.Len(t, m.Headers, 1)
		require.Equal(t, ledger.HeaderID, m.Headers[0].Key)
		id, err := uuid.ParseBytes(m.Headers[0].Value)
		require.NoError(t, err)
		require.Equal(t, uuid.Version(8), id.Version())
		require.Equal(t, uuid.RFC4122, id.Variant())
		require.Equal(t, uint32(7<<16|1), m.Serial.Producer())
		require.Equal(t, uint64(sequence), m.Serial.Sequence())

		parts := strings.SplitN(string(m.Value), " ", 3)
		require.Equal(t, id.String(), parts[0])
		content := id.String() + "key\x00" + parts[2]
		require.Equal(t, fmt.Sprintf("%08x", crc32.Checksum([]byte(content), crc32.MakeTable(crc32.Castagnoli))), parts[1])
	}
}

func TestSmallValuesStillHoldTheEnvelope(t *testing.T) {
	t.Parallel()
	l := ledger.New(ledger.Options{Run: "run"})
	for _, size := range []int{-1, 0, 45, 46, 47, 1 << 17} {
		m := l.NewProducer(ledger.ProducerOptions{}).Make(nil, size)
		require.Len(t, m.Value, max(size, 46))
		require.Equal(t, ledger.Own, l.Identify(*recordOf(m)).Kind)
	}
}

func TestPayloadFollowsFromTheSerial(t *testing.T) {
	t.Parallel()
	make2 := func() ledger.Made {
		p := ledger.New(ledger.Options{Run: "run"}).NewProducer(ledger.ProducerOptions{})
		p.Make(nil, 0)
		return p.Make([]byte("k"), 300)
	}
	made := make2()
	require.Equal(t, made, make2())
	for _, b := range made.Value {
		require.True(t, b >= ' ' && b <= '~', "printable")
	}
}

func TestStampKeepsWhatTheScriptMade(t *testing.T) {
	t.Parallel()
	l := ledger.New(ledger.Options{Run: "run"})
	p := l.NewProducer(ledger.ProducerOptions{})
	headers := []ledger.Header{{Key: "a", Value: []byte("1")}, {Key: "a"}, {Key: ledger.HeaderID, Value: []byte("old")}}
	m := p.Stamp(nil, nil, headers)
	require.Nil(t, m.Key)
	require.Nil(t, m.Value)
	require.Equal(t, headers[:2], m.Headers[:2])
	require.Len(t, m.Headers, 4, "the identity that it had is replaced")
	_, err := hex.DecodeString(string(m.Headers[3].Value))
	require.NoError(t, err)
	require.Equal(t, ledger.Identity{Kind: ledger.Own, Serial: m.Serial, Known: true}, l.Identify(*recordOf(m)))
}

func TestIdentifySaysWhyARecordIsCorrupt(t *testing.T) {
	t.Parallel()
	l := ledger.New(ledger.Options{Run: "run"})
	p := l.NewProducer(ledger.ProducerOptions{})
	m, other := p.Make([]byte("key"), 200), p.Make([]byte("key"), 200)
	for why, change := range map[ledger.Corruption]func(r *ledger.Record){
		ledger.WrongSum:      func(r *ledger.Record) { r.Value[100] ^= 4 },
		ledger.WrongLength:   func(r *ledger.Record) { r.Value = r.Value[:150] },
		ledger.WrongKey:      func(r *ledger.Record) { r.Key = []byte("keys") },
		ledger.WrongHeaders:  func(r *ledger.Record) { r.Headers = append(r.Headers, ledger.Header{Key: "x"}) },
		ledger.HeaderMissing: func(r *ledger.Record) { r.Headers = nil },
		ledger.HeaderTwice:   func(r *ledger.Record) { r.Headers = append(r.Headers, r.Headers[0]) },
		ledger.HeaderInvalid: func(r *ledger.Record) { r.Headers[0].Value[0] = 'x' },
		ledger.HeaderOther:   func(r *ledger.Record) { r.Headers = other.Headers },
		ledger.SumInvalid: func(r *ledger.Record) {
			r.Headers = append(r.Headers, ledger.Header{Key: ledger.HeaderSum, Value: []byte("zz")})
		},
		ledger.NotEnvelope: func(r *ledger.Record) { r.Value = []byte("text") },
	} {
		id := l.Identify(*changed(recordOf(m), change))
		require.Equal(t, ledger.Identity{Kind: ledger.Corrupt, Serial: m.Serial, Known: true, Why: why}, id)
	}
	longer := changed(recordOf(m), func(r *ledger.Record) { r.Value = append(r.Value, "and more"...) })
	require.Equal(t, ledger.WrongLength, l.Identify(*longer).Why)
	id := l.Identify(*changed(recordOf(m), func(r *ledger.Record) { r.Value[3] ^= 1 }))
	require.Equal(t, ledger.Corrupt, id.Kind)
	require.Equal(t, m.Serial, id.Serial)
}

func TestIdentifyTellsRunsApart(t *testing.T) {
	t.Parallel()
	l := ledger.New(ledger.Options{Run: "run"})
	p := ledger.New(ledger.Options{Run: "another"}).NewProducer(ledger.ProducerOptions{})
	require.Equal(t, ledger.Foreign, l.Identify(*recordOf(p.Make(nil, 60))).Kind)
	require.Equal(t, ledger.Foreign, l.Identify(*recordOf(p.Stamp(nil, nil, nil))).Kind)
	require.Equal(t, ledger.Anonymous, l.Identify(ledger.Record{}).Kind)
	require.Equal(t, ledger.Anonymous, l.Identify(ledger.Record{Value: []byte("x"), Headers: []ledger.Header{{Key: "x"}}}).Kind)
}

func TestIdentifyDoesNotAllocate(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts those of other tests too
	l := ledger.New(ledger.Options{Run: "run"})
	p := l.NewProducer(ledger.ProducerOptions{})
	made, stamped := *recordOf(p.Make([]byte("key"), 200)), *recordOf(p.Stamp([]byte("key"), []byte("v"), []ledger.Header{{Key: "a"}}))
	require.Zero(t, testing.AllocsPerRun(100, func() {
		l.Identify(made)
		l.Identify(stamped)
	}))
}
