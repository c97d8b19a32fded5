package ledger_test

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/internal/graph"
	"k6suite/extension/ledger"
)

// A ledger whose pages are in a file comes to the same as one in memory, and so does one that was saved from there.
func TestPropertySpilledPagesAreJudgedAlike(t *testing.T) {
	t.Parallel()
	eachSeed(t, tries(t, 8), func(seed uint64) error {
		spilled := damaged(seed, func(*ledger.Ledger) {})
		if away, held := spilled.Spilled(); away == 0 || held > 1 {
			return fmt.Errorf("%d bytes were written to a file, and %d are in memory", away, held)
		}
		want := fmt.Sprintf("%+v", damaged(seed, nil).Judge(ledger.JudgeOptions{}))
		if got := fmt.Sprintf("%+v", spilled.Judge(ledger.JudgeOptions{})); got != want {
			return fmt.Errorf("in memory: %s\nin a file: %s", want, got)
		}
		since := time.Now()
		data, err := graph.Append(nil, spilled, since)
		if err != nil {
			return err
		}
		again := ledger.New(ledger.Options{})
		if err := graph.Read(data, again, since); err != nil {
			return err
		}
		if got := fmt.Sprintf("%+v", again.Judge(ledger.JudgeOptions{})); got != want {
			return fmt.Errorf("in memory: %s\nsaved from a file: %s", want, got)
		}
		return nil
	})
}

// brokenFile takes what is written, up to a number of bytes, and has lost it once it is asked for.
type brokenFile struct {
	room   int64
	reads  bool
	backed *os.File
}

var errBroken = errors.New("no space left on device")

func (f *brokenFile) WriteAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > f.room {
		return 0, errBroken
	}
	return f.backed.WriteAt(p, at) //nolint:wrapcheck // a test's own
}

func (f *brokenFile) ReadAt(p []byte, at int64) (int, error) {
	if !f.reads {
		return 0, errBroken
	}
	return f.backed.ReadAt(p, at) //nolint:wrapcheck // a test's own
}

func breaks(t *testing.T, room int64, reads bool) func(*ledger.Ledger) {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	return func(l *ledger.Ledger) { l.SpillInto(&brokenFile{room, reads, file}) }
}

func TestPagesThatCannotBeWrittenStayInMemoryAndCastDoubt(t *testing.T) {
	t.Parallel()
	for _, room := range []int64{0, 20} {
		for seed := range uint64(4) {
			j := damaged(seed, breaks(t, room, true)).Judge(ledger.JudgeOptions{})
			want := damaged(seed, nil).Judge(ledger.JudgeOptions{})
			require.Equal(t, want.Findings, j.Findings, "seed %d", seed)
			require.Len(t, j.Doubts, len(want.Doubts)+1)
			doubt := j.Doubts[len(j.Doubts)-1]
			require.Equal(t, ledger.LedgerNotSpilled, doubt.Code)
			require.Contains(t, doubt.Text, "no space left on device")
			require.Contains(t, doubt.Text, "TMPDIR")
		}
	}
}

// What pages held that are gone must not seem to be lost by the target.
func TestPagesThatAreGoneCastDoubtAndAccuseNobody(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		l := damaged(seed, breaks(t, 1<<40, false))
		j := l.Judge(ledger.JudgeOptions{})
		require.Empty(t, j.Findings, "seed %d", seed)
		doubt := j.Doubts[len(j.Doubts)-1]
		require.Equal(t, ledger.LedgerNotSpilled, doubt.Code)
		require.Contains(t, doubt.Text, "could not be read")
		_, err := graph.Append(nil, l, time.Now())
		require.ErrorContains(t, err, "could not be read again")
	}
}

func TestTheFileOfALedgerHasNoName(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	l := damaged(0, func(*ledger.Ledger) {})
	away, _ := l.Spilled()
	require.Positive(t, away)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)

	t.Setenv("TMPDIR", dir+"/none")
	j := damaged(0, func(*ledger.Ledger) {}).Judge(ledger.JudgeOptions{})
	require.Equal(t, ledger.LedgerNotSpilled, j.Doubts[len(j.Doubts)-1].Code)
}
