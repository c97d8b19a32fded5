package main

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

const document = `before
<!-- output of: make run | exit 0 -->
old
<!-- end of output -->
between
<!-- output of: K6_LIE=x ./k6 run a.js | exit 99 -->
<!-- end of output -->
after
`

func TestFillPutsWhatTheCommandsPrint(t *testing.T) {
	t.Parallel()
	exits := map[string]int{"make run": 0, "K6_LIE=x ./k6 run a.js": 99}
	filled, err := fill(document, func(command string) (string, int, error) {
		return "\x1b[32mtrue\x1b[0m output  \nof 10%\rof 100%\n\n", exits[command], nil
	})
	require.NoError(t, err)
	block := "```console\n$ make run\ntrue output\nof 100%\n```\n"
	require.Contains(t, filled, "before\n<!-- output of: make run | exit 0 -->\n"+block+"<!-- end of output -->\nbetween\n")
	require.Contains(t, filled, "| exit 99 -->\n```console\n$ K6_LIE=x ./k6 run a.js\ntrue output\n")
	require.NotContains(t, filled, "old")

	again, err := fill(filled, func(command string) (string, int, error) { return "true output\nof 100%\n", exits[command], nil })
	require.NoError(t, err)
	require.Equal(t, filled, again)
}

func TestFillRefusesAnotherExitCode(t *testing.T) {
	t.Parallel()
	_, err := fill(document, func(string) (string, int, error) { return "it failed\n", 1, nil })
	require.ErrorContains(t, err, "make run: exit code 1, and 0 was promised:\nit failed")
	_, err = fill(document, func(string) (string, int, error) { return "", 0, errors.New("no bash") })
	require.ErrorContains(t, err, "no bash")
}

func TestFillRefusesABlockThatIsNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"<!-- output of: make run -->\n<!-- end of output -->", "<!-- output of: make run | exit 0 -->\nno end"} {
		_, err := fill(text, func(string) (string, int, error) { return "", 0, nil })
		require.ErrorContains(t, err, "a block is not of the form")
	}
}

func TestRunTellsTheExitCode(t *testing.T) {
	t.Parallel()
	output, exit, err := run(t.Context(), "echo out; echo err >&2; exit 7")
	require.NoError(t, err)
	require.Equal(t, 7, exit)
	require.Equal(t, "out\nerr\n", output)
}
