package js_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
)

func TestPermissionsAreJudgedAndTheirMatrixIsPrintedAboveTheVerdict(t *testing.T) {
	t.Parallel()
	k := startK6(t, nil, "run", "tests/permission_boundary.js")
	require.Zero(t, k.wait(t), k.out.String())
	require.Equal(t, contract.Pass, k.verdict(t).Status)
	require.Regexp(t, `(?s)OPERATION +alice's.*\nfetch +yes +no +no +yes.*\nContract of permission_boundary`, k.out.String())
}

func TestWhoLeaksFails(t *testing.T) {
	t.Parallel()
	k := startK6(t, []string{"K6_LIE=acl-shows-topics"}, "run", "tests/permission_boundary.js")
	require.Equal(t, 99, k.wait(t), k.out.String())
	require.Regexp(t, `metadata of all topics .*LEAK`, k.out.String())
	require.Contains(t, k.out.String(), "ACCESS_LEAK/existence")
}
