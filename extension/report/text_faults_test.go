package report_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/report"
)

func disturbed() contract.Verdict {
	v := verdict()
	began := time.Unix(1_800_000_000, 0)
	v.Faults = []contract.FaultReport{
		{
			Number: 1, Spec: `{"broker":"any","action":"kill","for":"3s"}`, Hits: 1, Took: []string{"killed broker 1 (127.0.0.1:41234)"},
			Began: began, Ended: began.Add(3100 * time.Millisecond),
		},
		{
			Number: 2, Spec: `{"storage":"PutObject","action":"delay","delay":"200ms"}`, Hits: 312,
			Took: []string{"PUT t/0/segment-0.kfs", "PUT t/1/segment-0.kfs"}, Began: began, Ended: began.Add(time.Minute),
		},
		{Number: 3, Spec: `{"broker":7,"action":"pause"}`, Err: "no broker 7"},
	}
	for p := range 8 {
		v.Recoveries = append(v.Recoveries, contract.PartitionRecovery{
			Topic: "t", Partition: int32(p), Times: 2, Recovered: 2, Worst: 1.25 / float64(p+1), After: "fault 1 (kill)",
		})
	}
	return v
}

func TestTextTellsWhatFaultsHit(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, report.Text(&out, disturbed(), false))
	require.Contains(t, out.String(), `
Faults
  1  1 hit       3.1 s  {"broker":"any","action":"kill","for":"3s"}
     killed broker 1 (127.0.0.1:41234)
  2  312 hits   60.0 s  {"storage":"PutObject","action":"delay","delay":"200ms"}
     PUT t/0/segment-0.kfs (+1)
  3  0 hits          –  {"broker":7,"action":"pause"}
     no broker 7

Recovery, by partition: the longest time to the first ack of a record sent after an interruption
  t/0    1.250 s  after fault 1 (kill); recovered 2 of 2 times
  t/1    0.625 s  after fault 1 (kill); recovered 2 of 2 times
  t/2    0.417 s  after fault 1 (kill); recovered 2 of 2 times
  t/3    0.312 s  after fault 1 (kill); recovered 2 of 2 times
  t/4    0.250 s  after fault 1 (kill); recovered 2 of 2 times
  and 3 more in verdict.json, none slower

Doubts
`)
}

func TestTextFoldsManyFaults(t *testing.T) {
	t.Parallel()
	v := disturbed()
	for i := range 30 {
		v.Faults = append(v.Faults, contract.FaultReport{Script: "chaos_random", Number: i + 4, Spec: fmt.Sprintf(`{"n":%d}`, i)})
	}
	var out bytes.Buffer
	require.NoError(t, report.Text(&out, v, false))
	require.Contains(t, out.String(), "  and 13 more in verdict.json\n")
	require.Contains(t, out.String(), "  chaos_random 4   0 hits")
	require.Equal(t, 17, strings.Count(out.String(), "chaos_random"))
}

func TestFaultsAreSaved(t *testing.T) {
	t.Parallel()
	dir, want := t.TempDir(), disturbed()
	require.NoError(t, report.Save(dir, want))
	got, err := report.ReadVerdict(dir)
	require.NoError(t, err)
	require.Equal(t, want.Recoveries, got.Recoveries)
	require.Len(t, got.Faults, 3)
	require.InDelta(t, 3.1, got.Faults[0].Seconds(), 1e-9)
	require.Equal(t, want.Faults[0].Took, got.Faults[0].Took)
}
