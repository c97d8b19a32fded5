package suite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// toolOutput keeps what Kafka's tools printed of two records, and of the first alone.
func toolOutput(t *testing.T) (sent, both, first string) {
	t.Helper()
	dir := t.TempDir()
	keep := func(name, text string) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return file
	}
	const one = `{"name":"record_data","value":"0","topic":"t","partition":0,"offset":0}` + "\n"
	sent = keep("sent", `{"name":"producer_send_success","value":"0","topic":"t","partition":0,"offset":0}
{"name":"producer_send_success","value":"1","topic":"t","partition":0,"offset":1}
{"name":"tool_data","sent":2,"acked":2}
`)
	both = keep("both", one+`{"name":"record_data","value":"1","topic":"t","partition":0,"offset":1}`+"\n")
	first = keep("first", `{"name":"record_data","value":"1","topic":"t","partition":0,"offset":1}`+"\n")
	return sent, both, first
}

func TestVerifyJudgesOtherClients(t *testing.T) {
	t.Parallel()
	sent, both, first := toolOutput(t)
	code, out := verifies(t, "--producer", sent, "--final", first, "--final", first)
	require.Equal(t, 2, code, out)
	require.Contains(t, out, "LOST_ACKED")
	code, out = verifies(t, "--producer", sent, "--final", both)
	require.Equal(t, 3, code, out)
	require.Contains(t, out, "two complete final reads are needed to show a loss: there were 1")
	out, err := verifying(t, "--producer", sent, "--consumer", both, "--final", both, "--final", both)
	require.NoError(t, err, out)
	require.Contains(t, out, "PASS")
}

func TestVerifyNeedsSomethingToJudge(t *testing.T) {
	t.Parallel()
	for what, args := range map[string][]string{
		"give the files of saved runs": nil,
		"--producer is missing":        {"--final", "x"},
		"not both":                     {"--producer", "x", "y"},
		"no such file or directory":    {"--producer", "/nowhere"},
	} {
		code, out := verifies(t, args...)
		require.Equal(t, 1, code)
		require.Contains(t, out, what)
	}
}
