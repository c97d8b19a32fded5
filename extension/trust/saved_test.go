package trust_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/report"
	"k6suite/extension/saved"
	"k6suite/extension/trust"
)

// What was saved is judged without the target, and to the letter as it was.
func TestASavedRunSaysTheSame(t *testing.T) {
	t.Parallel()
	for _, lie := range []string{"", "lose-record", "flip-byte"} {
		t.Run(lie, func(t *testing.T) {
			t.Parallel()
			options := trust.TargetOptions{
				Profile: load(t, map[string]string{"K6_PROFILE_SAVE": "true", "K6_PROFILE_LIMITS_RECOVERY": "500ms"}), Seed: 1,
			}
			if lie != "" {
				options.Lies = []string{lie}
			}
			dir := t.TempDir()
			run := newRun(t, open(t, options), func(o *trust.Options) { o.Results = dir })
			require.NoError(t, os.MkdirAll(filepath.Join(dir, run.ID()), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(dir, run.ID(), "plan.json"), []byte("{}"), 0o600))
			traffic(t, run)
			verdict := judge(t, run)
			require.Equal(t, lie != "", verdict.Status == contract.Fail, "%+v", verdict)

			kept, header, err := saved.Read(filepath.Join(dir, run.ID(), saved.File))
			require.NoError(t, err)
			require.Equal(t, run.ID(), header.Run)
			require.Equal(t, [][]byte{[]byte("{}")}, kept.Plans)
			again, err := kept.Judge()
			require.NoError(t, err)
			require.Equal(t, jsonOf(t, verdict), jsonOf(t, again))
			then, err := report.ReadVerdict(filepath.Join(dir, run.ID()))
			require.NoError(t, err)
			require.Equal(t, jsonOf(t, then), jsonOf(t, again))
		})
	}
}

func TestARunIsNotSavedUnasked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := newRun(t, open(t, trust.TargetOptions{Profile: load(t, nil)}), func(o *trust.Options) { o.Results = dir })
	judge(t, run)
	require.NoFileExists(t, filepath.Join(dir, run.ID(), saved.File))
	require.FileExists(t, filepath.Join(dir, run.ID(), report.VerdictFile))
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	require.NoError(t, err)
	return string(text)
}
