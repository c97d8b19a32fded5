package suite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/suite"
)

func TestSplitArgsTellsScriptsFromFlagsAndTheirValues(t *testing.T) {
	t.Parallel()
	scripts, rest := suite.SplitArgs([]string{"-e", "FILE=x.js", "a.js", "--out", "json=o.js", "--quiet", "b.ts", "--vus=3", "-u", "2"})
	require.Equal(t, []string{"a.js", "b.ts"}, scripts)
	require.Equal(t, []string{"-e", "FILE=x.js", "--out", "json=o.js", "--quiet", "--vus=3", "-u", "2"}, rest)
}

func TestRewriteRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.js"), filepath.Join(dir, "b.js")
	for _, f := range []string{a, b} {
		require.NoError(t, os.WriteFile(f, nil, 0o600))
	}
	for name, tc := range map[string]struct {
		args, want []string
	}{
		"two scripts": {[]string{"k6", "run", a, b}, []string{"k6", "x", "suite", "run", a, b}},
		"flags are kept": {
			[]string{"k6", "run", "-e", "K6_LIE=x", a, "--quiet", b},
			[]string{"k6", "x", "suite", "run", "-e", "K6_LIE=x", "--quiet", a, b},
		},
		"one script":         {[]string{"k6", "run", a, "--quiet"}, nil},
		"another command":    {[]string{"k6", "inspect", a, b}, nil},
		"a file is missing":  {[]string{"k6", "run", a, filepath.Join(dir, "no.js")}, nil},
		"a value, no script": {[]string{"k6", "run", a, "--out", b}, nil},
		"no arguments":       {[]string{"k6"}, nil},
	} {
		got, rewritten := suite.RewriteRun(tc.args)
		require.Equal(t, tc.want != nil, rewritten, name)
		if tc.want == nil {
			tc.want = tc.args
		}
		require.Equal(t, tc.want, got, name)
	}
}
