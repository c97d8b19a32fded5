package suite_test

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos/s3proxy"
	"k6suite/extension/objectstore"
	"k6suite/extension/suite"
)

func TestS3ProxyStandsAlone(t *testing.T) {
	t.Parallel()
	server, err := objectstore.Serve(objectstore.ServeOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	dir := t.TempDir()
	rules, log := filepath.Join(dir, "rules.json"), filepath.Join(dir, "requests.jsonl")
	list := `[{"storage": "PutObject", "key": "bad", "action": "error", "code": "AccessDenied"}]`
	require.NoError(t, os.WriteFile(rules, []byte(list), 0o600))
	k := keep(t, "s3proxy", "--upstream", server.URL(), "--listen", "127.0.0.1:0", "--rules", rules, "--log", log,
		"--rule", `{"storage": "PutObject", "action": "delay", "delay": "1ms"}`)
	store, err := objectstore.Open(t.Context(), objectstore.Config{Endpoint: k.said["endpoint"], Bucket: "data", CreateBucket: true})
	require.NoError(t, err)
	t.Cleanup(store.Close)
	require.NoError(t, store.Put(t.Context(), "good", []byte("1")))
	require.ErrorIs(t, store.Put(t.Context(), "bad", []byte("1")), objectstore.ErrRefused)

	remote, err := s3proxy.Connect(t.Context(), k.said["control"])
	require.NoError(t, err)
	rule, err := s3proxy.ParseRule([]byte(`{"storage": "GET", "action": "truncate", "bytes": 1}`))
	require.NoError(t, err)
	fault, err := remote.Inject(rule)
	require.NoError(t, err)
	require.EqualValues(t, 3, fault.ID())
	require.NoError(t, remote.Close())

	rest := k.stop()
	require.Contains(t, rest, `rule 1       1 hits, `)
	require.Contains(t, rest, `rule 2       1 hits, `)
	require.Contains(t, rest, `rule 3       0 hits, 0 bytes: {"storage":"GET","action":"truncate","bytes":1}`)
	require.True(t, strings.HasSuffix(rest, "stopped\n"))
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	var last s3proxy.Entry
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &last))
	require.Equal(t, []any{s3proxy.PutObject, "bad", 0, 403}, []any{last.Operation, last.Key, last.Status, last.Told})
}

func TestS3ProxySaysEachRequest(t *testing.T) {
	t.Parallel()
	k := keep(t, "s3proxy", "--upstream", "http://127.0.0.1:1", "--listen", "127.0.0.1:0", "--control", "", "--log", "-")
	require.NotContains(t, k.said, "control")
	go func() {
		_, _ = objectstore.Open(t.Context(), objectstore.Config{Endpoint: k.said["endpoint"], Bucket: "data", MaxRetries: -1})
	}()
	line, err := k.lines.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, `"operation":"HeadBucket"`)
	require.Contains(t, line, `"told":503`)
	require.Contains(t, k.stop(), "stopped\n")
}

func TestS3ProxyRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		name = filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		return name
	}
	for want, args := range map[string][]string{
		"is not an address like":         {},
		"--rule {":                       {"--rule", `{"storage": "*", "action": "dleay"}`},
		"want a list of rules":           {"--rules", file("one.json", `{"storage": "*", "action": "refuse"}`)},
		"bad.json: 2: rule: action":      {"--rules", file("bad.json", `[{"storage": "*", "action": "refuse"}, {}]`)},
		"no such file":                   {"--rules", filepath.Join(dir, "none.json")},
		"--log: open":                    {"--log", filepath.Join(dir, "none", "log")},
		"starting the control":           {"--control", "nowhere"},
		"starting the proxy: s3 proxy: ": {"--listen", "nowhere"},
	} {
		cmd := suite.NewCommand()
		cmd.SilenceUsage = true
		cmd.SetOut(io.Discard)
		cmd.SetErr(io.Discard)
		if want != "is not an address like" {
			args = append([]string{"--upstream", "http://127.0.0.1:1", "--listen", "127.0.0.1:0"}, args...)
		}
		cmd.SetArgs(append([]string{"s3proxy"}, args...))
		require.ErrorContains(t, cmd.ExecuteContext(t.Context()), want)
	}
}
