package js

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.k6.io/k6/v2/lib"

	"k6suite/extension/contract"
	"k6suite/extension/profile"
)

func TestTheInstanceIsReadFromTheCommandLine(t *testing.T) {
	t.Parallel()
	const sequence = "--execution-segment-sequence=0,1/3,2/3,1"
	none := contract.Part{}
	for _, one := range []struct {
		args []string
		part contract.Part
		why  string
	}{
		{[]string{"run", "x.js"}, none, ""},
		{[]string{"run", "--execution-segment", "0:1", "x.js"}, none, ""},
		{[]string{"run", "--execution-segment", "1/3:2/3", sequence, "x.js"}, contract.Part{Test: "test", Number: 2, Of: 3}, ""},
		{[]string{"run", "--execution-segment=2/3:1", sequence, "x.js"}, contract.Part{Test: "test", Number: 3, Of: 3}, ""},
		{[]string{"run", "--execution-segment=2/3:1", "x.js"}, none, "needs --execution-segment-sequence"},
		{[]string{"run", "--execution-segment=1/2:1", sequence, "x.js"}, none, "is none of the sequence"},
		{[]string{"run", "--execution-segment=later", sequence, "x.js"}, none, "--execution-segment: "},
		{[]string{"run", "--execution-segment=1/2:1", "--execution-segment-sequence=1,0", "x.js"}, none, "--execution-segment-sequence: "},
	} {
		p := newProcess()
		p.args = one.args
		p.env = func(name string) (string, bool) { return "test", name == "K6_RUN_ID" }
		loaded := &profile.Profile{Name: "cluster", RunID: "test"}
		err := p.takePart(loaded)
		if one.why != "" {
			require.ErrorContains(t, err, one.why)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, one.part, p.part)
	}
}

func TestInstancesNeedOneTargetAndOneName(t *testing.T) {
	t.Parallel()
	p := newProcess()
	p.args = []string{"run", "--execution-segment", "0:1/2", "--execution-segment-sequence", "0,1/2,1"}
	p.env = func(string) (string, bool) { return "", false }
	require.ErrorContains(t, p.takePart(&profile.Profile{RunID: "r1"}), "K6_RUN_ID has to name the test")
	p.env = func(string) (string, bool) { return "test", true }
	own := &profile.Profile{Name: "processes", Chaos: &profile.Chaos{Platform: profile.ProcessPlatform}}
	require.ErrorContains(t, p.takePart(own), "profile processes starts its target")
}

func TestASegmentThatTheCommandLineDoesNotName(t *testing.T) {
	t.Parallel()
	half, err := lib.NewExecutionSegmentFromString("0:1/2")
	require.NoError(t, err)
	whole, err := lib.NewExecutionSegmentFromString("0:1")
	require.NoError(t, err)
	p := newProcess()
	require.NoError(t, p.checkPart(lib.Options{}))
	require.NoError(t, p.checkPart(lib.Options{ExecutionSegment: whole}))
	require.ErrorContains(t, p.checkPart(lib.Options{ExecutionSegment: half}), "on the command line")
	p.part.Of = 2
	require.NoError(t, p.checkPart(lib.Options{ExecutionSegment: half}))
}
