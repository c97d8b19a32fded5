package saved_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
	"k6suite/extension/saved"
)

// lossy is a run of one partition, of whose n acked records the last is lost.
func lossy(n int) *saved.Run {
	l := ledger.New(ledger.Options{Run: "a run"})
	l.Own("t")
	tp := ledger.TopicPartition{Topic: "t"}
	p := l.NewProducer(ledger.ProducerOptions{Name: "p", Idempotent: true})
	var records []ledger.Record
	for i := range n {
		m := p.Make(nil, 100)
		l.Settle(ledger.Outcome{Serial: m.Serial, Kind: ledger.Acked, TP: tp, Offset: int64(i), Began: time.Now()})
		records = append(records, ledger.Record{Offset: int64(i), Value: m.Value, Headers: m.Headers})
	}
	for _, name := range []string{"final 1", "final 2"} {
		f := l.NewFinalRead(name)
		f.Begin(tp, ledger.Ends{Listed: int64(n), HighWatermark: -1})
		for _, r := range records[:n-1] {
			f.Read(tp, r)
		}
		f.End(tp, ledger.Ends{Listed: int64(n), HighWatermark: int64(n), Reached: int64(n), EmptyAtEnd: true})
	}
	return &saved.Run{
		Ledger:  l,
		Options: ledger.JudgeOptions{Partitions: map[string]int32{"t": 1}},
		Input: contract.Input{
			Script: "smoke_single", Run: "a run", System: "embedded", Profile: "embedded", Claims: map[string]bool{"idempotence": true},
			Measured: contract.Measured{FinalReads: 2, Audit: &contract.Audit{Objects: 1}},
			Subject:  contract.Subject{Suite: "abc", At: time.Now().Round(0).UTC()},
		},
		Plans: [][]byte{[]byte("{}")},
	}
}

func write(t *testing.T, r *saved.Run) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), saved.File)
	require.NoError(t, saved.Write(name, r))
	return name
}

func TestASavedRunIsJudgedAlike(t *testing.T) {
	t.Parallel()
	run := lossy(2000)
	then, err := run.Judge()
	require.NoError(t, err)
	require.Equal(t, contract.Fail, then.Status)

	name := write(t, run)
	back, header, err := saved.Read(name)
	require.NoError(t, err)
	now, err := back.Judge()
	require.NoError(t, err)
	require.Equal(t, then, now)
	require.Equal(t, run.Plans, back.Plans)
	require.Equal(t, "abc", header.Suite)
	require.Equal(t, "smoke_single", header.Script)
	require.Zero(t, run.Input.Measured.Audit.Records, "a judgement changes nothing")
	about, err := os.Stat(name)
	require.NoError(t, err)
	require.Less(t, about.Size(), int64(8<<10), "4 bytes a record at most")
}

func TestWhatIsNoSavedRunIsSaid(t *testing.T) {
	t.Parallel()
	_, _, err := saved.Read(filepath.Join(t.TempDir(), "nothing"))
	require.ErrorIs(t, err, os.ErrNotExist)

	name := write(t, lossy(10))
	whole, err := os.ReadFile(name)
	require.NoError(t, err)
	second := bytes.IndexByte(whole, '\n') + 1
	body := second + bytes.IndexByte(whole[second:], '\n') + 1
	for what, text := range map[string][]byte{
		"it does not begin with":      []byte("{}"),
		"its second line is damaged":  append(bytes.Clone(whole[:second]), "{\n"...),
		"it is cut off or damaged":    whole[:len(whole)-1],
		"damaged: 0 of":               whole[:body],
		"its second line was changed": bytes.Replace(bytes.Clone(whole), []byte(`"run":"a run"`), []byte(`"run":"b run"`), 1),
		"it was saved by another version of the suite (commit abc): judge it with a k6 that was built from that commit": bytes.Replace(
			bytes.Clone(whole), []byte(`"shape":"`), []byte(`"shape":"f`), 1),
	} {
		require.NoError(t, os.WriteFile(name, text, 0o600))
		_, _, err := saved.Read(name)
		require.ErrorContains(t, err, what)
		require.ErrorContains(t, err, name)
	}
}

// A byte that changed on the way is found, unless it makes no difference.
func TestDamageIsFoundOrHarmless(t *testing.T) {
	t.Parallel()
	run := lossy(10)
	then, err := run.Judge()
	require.NoError(t, err)
	name := write(t, run)
	whole, err := os.ReadFile(name)
	require.NoError(t, err)
	found := 0
	for i := len("k6suite run"); i < len(whole); i += 5 {
		text := bytes.Clone(whole)
		text[i] ^= 1
		require.NoError(t, os.WriteFile(name, text, 0o600))
		back, _, err := saved.Read(name)
		if err != nil {
			found++
			continue
		}
		now, err := back.Judge()
		require.NoError(t, err)
		require.Equal(t, then.Findings, now.Findings)
		require.Equal(t, then.Measured, now.Measured)
	}
	require.Greater(t, found, len(whole)/10)
}

// No half a file is left where there is no room for a whole one.
func TestWhatCannotBeSavedLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, saved.File, "taken"), 0o755))
	require.ErrorContains(t, saved.Write(filepath.Join(dir, saved.File), lossy(10)), "saving the run: ")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1)
}
