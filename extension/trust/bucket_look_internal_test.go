package trust

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
	"k6suite/extension/objectstore"
	"k6suite/extension/profile"
)

// What is overwritten, and what it held is put back before anybody looks, is found by the log of the proxy before the storage.
func TestAnObjectThatIsOverwrittenAndRestoredIsFound(t *testing.T) {
	t.Parallel()
	for name, overwrite := range map[string]bool{"overwritten and restored": true, "written again as it was": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := embeddedRun(t)
			_, err := run.Produce(t.Context(), 1, ProduceOptions{Records: 50})
			require.NoError(t, err)

			cfg, err := run.target.bucket()
			require.NoError(t, err)
			cfg.Endpoint = run.target.storage.URL()
			store, err := objectstore.Open(t.Context(), cfg)
			require.NoError(t, err)
			defer store.Close()
			segments, err := objectstore.Segments(t.Context(), store, run.opts.Topics...)
			require.NoError(t, err)
			require.NotEmpty(t, segments)
			key := segments[0].Key
			was, err := store.Get(t.Context(), key)
			require.NoError(t, err)
			if overwrite {
				require.NoError(t, store.Put(t.Context(), key, []byte("something else")))
			}
			require.NoError(t, store.Put(t.Context(), key, was))

			verdict, err := run.Judge(t.Context())
			require.NoError(t, err)
			if !overwrite {
				require.Empty(t, verdict.Findings)
				return
			}
			require.Equal(t, contract.Fail, verdict.Status)
			require.Len(t, verdict.Findings, 1)
			finding := verdict.Findings[0]
			require.Equal(t, ledger.ObjectMismatch, finding.Code)
			require.Equal(t, key, finding.Object)
			require.Contains(t, finding.Detail, "object overwritten: etag ")
		})
	}
}

// embeddedRun is a prepared run of smoke_single on an embedded target.
func embeddedRun(t *testing.T) *Run {
	t.Helper()
	p, err := profile.Load(profile.Options{File: "../../config/profiles.json", Env: func(string) (string, bool) { return "", false }})
	require.NoError(t, err)
	target, err := OpenTarget(t.Context(), TargetOptions{Profile: p})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, target.Close()) })
	run, err := NewRun(target, Options{
		Script: "smoke_single", RunID: strings.ToLower(p.RunID), Partitions: 3, Records: 50, Results: t.TempDir(),
	})
	require.NoError(t, err)
	_, err = run.Prepare(t.Context())
	require.NoError(t, err)
	return run
}
