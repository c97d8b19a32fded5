package report_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
	"k6suite/extension/report"
)

func verdict() contract.Verdict {
	return contract.Verdict{
		Version: 1, Run: "r1", Script: "smoke_single", Scenario: "S3", Profile: "embedded", System: "embedded", Status: contract.Fail,
		Requirements: []contract.Judgement{
			{ID: "F2.1", Title: "produce", Status: contract.Pass, Evidence: []string{"1,000 of 1,000 records acked"}},
			{ID: "F3.4", Title: "no loss in normal operation", Status: contract.Fail, Evidence: []string{"LOST_ACKED t/1@7", "more"}},
			{ID: "F2.5", Title: "order per partition", Status: contract.Inconclusive, Evidence: []string{"not compared"}},
			{ID: "F6.1", Title: "Kafka data equals bucket data", Status: contract.NotClaimed, Evidence: []string{"not claimed"}},
		},
		Findings: []ledger.Finding{{
			Code: "LOST_ACKED", Topic: "t", Partition: 1, Offset: 7, Record: "0198-uuid", Time: "2026-01-02T03:04:05.000006Z",
			Object: "default/t/1/segment-7.kfs", Reader: "final read 2", Detail: "acked, and in no final read", Count: 3,
		}},
		Other:     []ledger.Code{"STUCK"},
		Unclaimed: []ledger.Finding{{Code: "TORN_TXN", Partition: -1, Offset: -1}},
		Foreseen: []ledger.Finding{
			{Code: "DUPLICATE", Topic: "twice", Offset: 3},
			{Code: "DUPLICATE", Topic: "twice", Offset: 4, Count: 10},
			{Code: "LOST_ACKED", Topic: "lossy", Offset: 5},
		},
		Doubts:       []contract.Doubt{{Text: "the clock jumped", Requirements: []string{"F2.5"}}},
		Expectations: []contract.Expectation{},
		Notes:        []string{"2 holes"},
		Measured:     contract.Measured{Acked: 1000},
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, report.Text(&out, verdict(), false))
	require.Equal(t, strings.TrimLeft(`
Contract of smoke_single on profile embedded (embedded), run r1

PASS          F2.1    produce                        1,000 of 1,000 records acked
FAIL          F3.4    no loss in normal operation    LOST_ACKED t/1@7 (+1)
INCONCLUSIVE  F2.5    order per partition            not compared
NOT CLAIMED   F6.1    Kafka data equals bucket data  not claimed

Findings
  LOST_ACKED  t partition 1 offset 7
    record  0198-uuid
    time    2026-01-02T03:04:05.000006Z
    object  default/t/1/segment-7.kfs
    reader  final read 2
    what    acked, and in no final read
    more    3 like this
  broken beyond what is judged here: STUCK

Not counted, because the profile does not claim it
  TORN_TXN

Brought about by faults of this run, and noticed
  DUPLICATE  twice: 12 times
  LOST_ACKED  lossy: 1 time

Doubts
  the clock jumped (F2.5)

Notes
  2 holes

FAIL  1 PASS, 1 FAIL, 1 INCONCLUSIVE, 1 NOT CLAIMED; 1 finding; 1000 records acked
`, "\n"), out.String())
}

func TestTextInColour(t *testing.T) {
	t.Parallel()
	var plain, coloured bytes.Buffer
	require.NoError(t, report.Text(&plain, verdict(), false))
	require.NoError(t, report.Text(&coloured, verdict(), true))
	require.NotContains(t, plain.String(), "\x1b[")
	require.Contains(t, coloured.String(), "\x1b[")
}

func TestTextOfSeveral(t *testing.T) {
	t.Parallel()
	v := verdict()
	v.Script, v.Scripts = "", []contract.ScriptStatus{{Script: "a"}, {Script: "b"}}
	var out bytes.Buffer
	require.NoError(t, report.Text(&out, v, false))
	require.Contains(t, out.String(), "Contract of 2 scripts on profile embedded")
}

func TestTextFoldsManyFindings(t *testing.T) {
	t.Parallel()
	v := verdict()
	v.Foreseen = nil
	for range 100 {
		v.Findings = append(v.Findings, ledger.Finding{Code: "DUPLICATE"})
	}
	var out bytes.Buffer
	require.NoError(t, report.Text(&out, v, false))
	require.Contains(t, out.String(), "and 81 more in findings.jsonl")
	require.Equal(t, 19, strings.Count(out.String(), "DUPLICATE"))
}

func TestTextOfNothing(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, report.Text(&out, contract.Merge(nil), false))
	require.Contains(t, out.String(), "no requirement was judged")
	require.Contains(t, out.String(), "no script was judged")
	require.Contains(t, out.String(), "INCONCLUSIVE  nothing;")
}

func TestSaveAndRead(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "results", "r1")
	want := verdict()
	require.NoError(t, report.Save(dir, want))
	got, err := report.ReadVerdict(dir)
	require.NoError(t, err)
	require.Equal(t, want, got)

	text, err := os.ReadFile(filepath.Join(dir, report.FindingsFile))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	require.Len(t, lines, 1)
	var finding ledger.Finding
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &finding))
	require.Equal(t, want.Findings[0], finding)

	left, err := filepath.Glob(filepath.Join(dir, "*.part"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestReadWhatIsNotThere(t *testing.T) {
	t.Parallel()
	_, err := report.ReadVerdict(t.TempDir())
	require.ErrorIs(t, err, os.ErrNotExist)

	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, report.VerdictFile), []byte("{"), 0o600))
	_, err = report.ReadVerdict(dir)
	require.ErrorContains(t, err, report.VerdictFile)
}

func TestSaveWhereNothingCanBeSaved(t *testing.T) {
	t.Parallel()
	inTheWay := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(inTheWay, nil, 0o600))
	require.ErrorContains(t, report.Save(inTheWay, verdict()), "results folder")
}
