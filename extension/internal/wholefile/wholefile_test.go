package wholefile_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/internal/wholefile"
)

func TestAFileAppearsWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "a")
	for _, text := range []string{"one", "other"} {
		require.NoError(t, wholefile.Write(name, []byte(text)))
		got, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, text, string(got))
	}
	taken := filepath.Join(dir, "taken")
	require.NoError(t, os.MkdirAll(filepath.Join(taken, "by a folder"), 0o755))
	require.ErrorContains(t, wholefile.Write(taken, nil), taken)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 2)
}

func TestWhatCannotBeWrittenToItsEndLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	stopped := errors.New("stopped")
	err := wholefile.Stream(filepath.Join(dir, "a"), func(to io.Writer) error {
		_, err := to.Write([]byte("half"))
		require.NoError(t, err)
		return stopped
	})
	require.ErrorIs(t, err, stopped)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}
