package contract_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
)

// healthy is a run of smoke_single in which everything was measured and nothing went wrong.
func healthy() contract.Input {
	return contract.Input{
		Script: "smoke_single", Run: "r1", Profile: "embedded", System: "embedded",
		Claims: map[string]bool{
			"singleEndpoint": true, "stateless": true, "objectStorage": true, "idempotence": true, "groups": true, "metrics": true, "tls": true,
		},
		Expectations: []contract.Expectation{
			{Requirement: "F1.1", What: "a client that knows one address reaches every partition", OK: true, Evidence: "3 partitions"},
		},
		Measured: contract.Measured{
			Sent: 1000, Acked: 1000, Errors: map[string]int64{}, LiveRead: 1000, FinalReads: 2, Read: 1000, Found: 1000,
			Ordered: 1000, Keyed: 1000, Covered: 1000, Restarted: 3, MetadataSeen: 9,
			Spread: map[int32]ledger.BrokerTraffic{
				0: {Connections: 31, Requests: 120}, 1: {Connections: 30, Requests: 118}, 2: {Connections: 31, Requests: 95},
			},
			Audit: &contract.Audit{Complete: true, Objects: 12, Bytes: 1, Records: 1000, Acked: 1000},
			TLS: &contract.TLS{
				Connections: 12, Checked: true, Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256", Subject: "CN=kafka", Issuer: "CN=authority",
				Until: time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC),
			},
		},
	}
}

func judge(t *testing.T, in contract.Input) contract.Verdict {
	t.Helper()
	v, err := contract.Judge(in)
	require.NoError(t, err)
	for _, j := range v.Requirements {
		require.NotEmpty(t, j.Evidence, "%s is %s without a word", j.ID, j.Status)
	}
	return v
}

func status(t *testing.T, v contract.Verdict, id string) contract.Status {
	t.Helper()
	return judgement(t, v, id).Status
}

func judgement(t *testing.T, v contract.Verdict, id string) contract.Judgement {
	t.Helper()
	for _, j := range v.Requirements {
		if j.ID == id {
			return j
		}
	}
	require.Fail(t, "not in the verdict: "+id)
	return contract.Judgement{}
}

func TestHealthyRunPasses(t *testing.T) {
	t.Parallel()
	v := judge(t, healthy())
	require.Equal(t, contract.Pass, v.Status)
	require.Zero(t, v.ExitCode())
	scenario, err := contract.ScenarioOf("tests/smoke_single.js")
	require.NoError(t, err)
	require.Len(t, v.Requirements, len(scenario.Judges))
	for _, j := range v.Requirements {
		require.Equal(t, contract.Pass, j.Status, "%s: %v", j.ID, j.Evidence)
	}
	require.Equal(t, "1,000 of 1,000 acked records found in 2 complete final reads", judgement(t, v, "NFR2.2").Evidence[0])
}

// judging is a run in which nothing went wrong, of a script that judges a rule.
func judging(rule ledger.Code) contract.Input {
	switch rule {
	case ledger.Stuck:
		return healed()
	case ledger.SlowRecovery, "METADATA_LIE/changed", "METADATA_LIE/dead":
		return chaotic("chaos_broker")
	case ledger.ConnectionLimit, ledger.ResourceLeak:
		return stormy()
	case "METADATA_LIE/idle":
		return chaotic("scaleout")
	case "ACCESS_LEAK/read", "ACCESS_LEAK/write", "ACCESS_LEAK/existence", ledger.AccessRefused, ledger.UnclearRefusal:
		in := healthy()
		in.Script, in.Claims[contract.ClaimACLs] = "permission_boundary", true
		in.Measured.Access = ledger.AccessEvidence{Granted: 40, Reads: 10, Writes: 12, Existing: 4}
		return in
	case ledger.UncommittedRead, ledger.TornTxn, ledger.EOSDouble:
		return transacted()
	case ledger.GroupRegress, ledger.GroupDouble, ledger.GroupSkip:
		in := healthy()
		in.Script, in.Measured.Sent, in.Measured.Acked, in.Measured.Found = "smoke_consumer_group", 2000, 2000, 2000
		in.Measured.Audit.Acked = 2000
		in.Expectations = append(in.Expectations, contract.Expectation{Requirement: "F2.4", What: "a group of two", OK: true})
		return in
	case ledger.OffsetReset:
		in := healthy()
		in.Script = "delivery_semantics"
		for _, id := range []string{"F2.4", "F8.1", "F8.2", "F8.5", "F8.6"} {
			in.Expectations = append(in.Expectations, contract.Expectation{Requirement: id, What: "it holds", OK: true})
		}
		return in
	default:
		return healthy()
	}
}

// Every rule that the ledger knows must break what a script judges, the smoke scripts where no fault is needed for it: a rule that
// breaks nothing cannot fail.
func TestEveryRuleFailsARequirement(t *testing.T) {
	t.Parallel()
	for _, rule := range ledger.Rules() {
		in := judging(rule.Name())
		in.Findings = []ledger.Finding{
			{Code: rule.Code, Aspect: rule.Aspect, Topic: "t", Partition: 2, Offset: 7, Record: "uuid", Detail: "seen"},
		}
		v := judge(t, in)
		require.Equal(t, contract.Fail, v.Status, rule.Name())
		require.Equal(t, 2, v.ExitCode())
		require.Empty(t, v.Other, rule.Name())
		broken := 0
		for _, j := range v.Requirements {
			r, ok := contract.RequirementOf(j.ID)
			require.True(t, ok)
			if r.BrokenBy(rule.Name()) {
				broken++
				require.Equal(t, contract.Fail, j.Status)
				require.Equal(t, string(rule.Name())+" t/2@7 record uuid: seen", j.Evidence[0])
			} else {
				require.Equal(t, contract.Pass, j.Status, "%s does not break %s", rule.Name(), j.ID)
			}
		}
		require.Positive(t, broken, rule.Name())
	}
}

// Whatever was not measured must not pass: each requirement of a script loses its PASS when nothing was looked at.
func TestNothingMeasuredNeverPasses(t *testing.T) {
	t.Parallel()
	for _, s := range contract.Scenarios() {
		in := contract.Input{Script: s.Script, Claims: everything()}
		v := judge(t, in)
		require.Equal(t, contract.Inconclusive, v.Status, s.Script)
		require.Equal(t, 3, v.ExitCode())
		for _, j := range v.Requirements {
			require.Equal(t, contract.Inconclusive, j.Status, "%s in %s", j.ID, s.Script)
		}
	}
}

func everything() map[string]bool {
	return map[string]bool{
		"singleEndpoint": true, "stateless": true, "elastic": true, "objectStorage": true, "idempotence": true,
		"transactions": true, "groups": true, "autoCreation": true, "acls": true, "tls": true, "metrics": true,
		contract.ClaimConnections: true,
	}
}

func TestWhatIsMissingMakesItsRequirementsInconclusive(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*contract.Input)
		ids    []string
	}{
		"no expectation": {func(in *contract.Input) { in.Expectations = nil }, []string{"F1.1"}},
		"one final read": {
			func(in *contract.Input) { in.Measured.FinalReads = 1 },
			[]string{"F2.1", "F2.2", "F3.2", "F3.4", "F3.5", "NFR2.1", "NFR2.2", "NFR2.3", "NFR5.1"},
		},
		"one acked record unaccounted for": {
			func(in *contract.Input) { in.Measured.Found-- }, []string{"F3.2", "F3.4", "NFR2.2", "NFR2.3"},
		},
		"no metadata seen":   {func(in *contract.Input) { in.Measured.MetadataSeen = 0 }, []string{"F1.2"}},
		"no spread measured": {func(in *contract.Input) { in.Measured.Spread = nil }, []string{"F1.4"}},
		"one broker": {
			func(in *contract.Input) {
				in.Measured.Spread = map[int32]ledger.BrokerTraffic{7: {Connections: 3, Requests: 500}}
			}, []string{"F1.4"},
		},
		"one broker of two had requests": {
			func(in *contract.Input) {
				in.Measured.Spread = map[int32]ledger.BrokerTraffic{0: {Connections: 3, Requests: 19}, 1: {Connections: 2}}
			}, []string{"F1.4"},
		},
		"a foreseen loss that is no loss": {
			func(in *contract.Input) { in.Measured.ForeseenLost = 1 },
			[]string{"F3.1", "F3.2", "F3.4", "NFR2.2", "NFR2.3"},
		},
		"no order compared": {func(in *contract.Input) { in.Measured.Ordered = 0 }, []string{"F2.5", "NFR2.5"}},
		"no keys compared":  {func(in *contract.Input) { in.Measured.Keyed = 0 }, []string{"F2.6"}},
		"no restart":        {func(in *contract.Input) { in.Measured.Restarted = 0 }, []string{"F3.2"}},
		"no audit": {
			func(in *contract.Input) { in.Measured.Audit = nil }, []string{"F3.1", "F6.1", "F6.2", "NFR2.4", "NFR5.3"},
		},
		"audit not complete": {
			func(in *contract.Input) { in.Measured.Audit.Complete = false }, []string{"F3.1", "F6.1", "F6.2", "NFR2.4", "NFR5.3"},
		},
		"audit of an empty bucket": {
			func(in *contract.Input) { *in.Measured.Audit = contract.Audit{Complete: true} },
			[]string{"F3.1", "F6.1", "F6.2", "NFR2.4", "NFR5.3"},
		},
		"an acked record in no object": {func(in *contract.Input) { in.Measured.Audit.Acked-- }, []string{"F3.1"}},
		"more records in the bucket":   {func(in *contract.Input) { in.Measured.Audit.Records++ }, []string{"F6.1", "NFR2.4"}},
		"a record without outcome":     {func(in *contract.Input) { in.Measured.Sent++ }, []string{"NFR5.1"}},
		"errors not counted":           {func(in *contract.Input) { in.Measured.Errors = nil }, []string{"NFR5.2"}},
		"an error without class": {
			func(in *contract.Input) { in.Measured.Sent++; in.Measured.Unknown++ }, []string{"NFR5.2"},
		},
	} {
		in := healthy()
		c.change(&in)
		v := judge(t, in)
		require.Equal(t, contract.Inconclusive, v.Status, name)
		var ids []string
		for _, j := range v.Requirements {
			if j.Status == contract.Inconclusive {
				ids = append(ids, j.ID)
			} else {
				require.Equal(t, contract.Pass, j.Status, name)
			}
		}
		require.Equal(t, c.ids, ids, name)
	}
}

func TestNotClaimed(t *testing.T) {
	t.Parallel()
	in := healthy()
	in.Profile, in.Claims = "kafka-local", map[string]bool{"idempotence": true, "groups": true}
	in.Measured.Audit, in.Measured.Covered, in.Measured.Restarted = nil, 0, 0
	v := judge(t, in)
	require.Equal(t, contract.Pass, v.Status)
	for _, id := range []string{"F3.1", "F6.1", "F6.2", "NFR2.4", "NFR5.3"} {
		require.Equal(t, contract.NotClaimed, status(t, v, id))
		require.Equal(t, "the profile kafka-local does not claim objectStorage", judgement(t, v, id).Evidence[0])
	}
	require.Equal(t, contract.NotClaimed, status(t, v, "F3.2"), "judged here by starting brokers empty")
}

func TestFindingThatTheScriptDoesNotJudgeFailsTheRun(t *testing.T) {
	t.Parallel()
	in := healthy()
	in.Findings = []ledger.Finding{{Code: "STUCK", Detail: "partition 3"}, {Code: "NO_RULE_OF_OURS"}}
	v := judge(t, in)
	require.Equal(t, contract.Fail, v.Status)
	require.Len(t, v.Findings, 2)
	require.Equal(t, []ledger.Code{"STUCK", "NO_RULE_OF_OURS"}, v.Other)
	for _, j := range v.Requirements {
		require.Equal(t, contract.Pass, j.Status)
	}
}

func TestFindingAgainstWhatNobodyClaimsIsListedAndNotCounted(t *testing.T) {
	t.Parallel()
	in := healthy()
	in.Claims = map[string]bool{}
	in.Findings = []ledger.Finding{{Code: ledger.ObjectMismatch, Detail: "missing"}}
	v := judge(t, in)
	require.Equal(t, contract.Pass, v.Status)
	require.Empty(t, v.Findings)
	require.Len(t, v.Unclaimed, 1)
}

func TestDoubts(t *testing.T) {
	t.Parallel()
	in := healthy()
	in.Doubts = []contract.Doubt{{Text: "the clock jumped", Requirements: []string{"F2.5"}}}
	v := judge(t, in)
	require.Equal(t, contract.Inconclusive, v.Status)
	require.Equal(t, contract.Inconclusive, status(t, v, "F2.5"))
	require.Equal(t, contract.Pass, status(t, v, "F2.1"))

	in.Doubts = []contract.Doubt{{Text: "interrupted"}}
	in.Findings = []ledger.Finding{{Code: ledger.LostAcked, Detail: "gone"}}
	v = judge(t, in)
	require.Equal(t, contract.Fail, v.Status, "a finding is worth more than a doubt")
	require.Equal(t, contract.Fail, status(t, v, "F3.4"))
	require.Equal(t, contract.Inconclusive, status(t, v, "F2.1"))
	require.Equal(t, []string{"interrupted"}, judgement(t, v, "F2.1").Evidence)
}

func TestDoubtCountsWhereNothingIsClaimed(t *testing.T) {
	t.Parallel()
	v := judge(t, contract.Input{Script: "permission_boundary", Doubts: []contract.Doubt{{Text: "nothing listens"}}})
	require.Equal(t, contract.Inconclusive, v.Status)
	v = judge(t, contract.Input{Script: "permission_boundary", Measured: contract.Measured{Acked: 3}})
	require.Equal(t, contract.NotClaimed, v.Status)
	require.Zero(t, v.ExitCode())
}

func TestTooFewRecordsAreInconclusive(t *testing.T) {
	t.Parallel()
	in := healthy()
	in.MinAcked = 1001
	v := judge(t, in)
	require.Equal(t, contract.Inconclusive, v.Status)
	require.Contains(t, v.Doubts, contract.Doubt{Text: "1,000 records were acked, and smoke_single needs 1,001"})
	in.MinAcked = 0
	in.Measured.Acked, in.Measured.Found, in.Measured.Audit.Acked, in.Measured.Failed = 999, 999, 999, 1
	require.Equal(t, contract.Inconclusive, judge(t, in).Status)
}

func TestLieThatWasNeverToldIsInconclusive(t *testing.T) {
	t.Parallel()
	in := healthy()
	in.LieHits = map[string]int64{"lose-record": 0}
	v := judge(t, in)
	require.Equal(t, contract.Inconclusive, v.Status)
	require.Equal(t, "the lie lose-record was asked for and never told", v.Doubts[0].Text)
	in.LieHits["lose-record"] = 1
	require.Equal(t, contract.Pass, judge(t, in).Status)
}

func TestExpectations(t *testing.T) {
	t.Parallel()
	in := healthy()
	in.Expectations = append(in.Expectations, contract.Expectation{Requirement: "F1.1", What: "partition 2 reached", Evidence: "timed out"})
	v := judge(t, in)
	require.Equal(t, contract.Fail, v.Status)
	require.Equal(t, []string{"not so: partition 2 reached: timed out"}, judgement(t, v, "F1.1").Evidence)

	in = healthy()
	in.Expectations = append(in.Expectations,
		contract.Expectation{Requirement: "F2.3", What: "made by hand", OK: true, Evidence: "2 partitions"},
		contract.Expectation{Requirement: "F2.3", What: "made by the first produce", Claims: []string{"autoCreation"}})
	v = judge(t, in)
	require.Equal(t, contract.Pass, v.Status)
	require.Equal(t, contract.Judgement{
		ID: "F2.3", Title: "topics created by hand and automatically", Status: contract.Pass,
		Evidence: []string{"made by hand: 2 partitions", "made by the first produce: not claimed (autoCreation)"},
	}, judgement(t, v, "F2.3"))

	in.Expectations = in.Expectations[2:]
	v = judge(t, in)
	require.Equal(t, contract.NotClaimed, status(t, v, "F2.3"), "all that was looked at is not claimed")
}

func TestWrongNamesAreErrors(t *testing.T) {
	t.Parallel()
	_, err := contract.Judge(contract.Input{Script: "smoke_singel"})
	require.ErrorContains(t, err, `script "smoke_singel" is no scenario: the scenarios are diagnose,`)
	in := healthy()
	in.Expectations[0].Requirement = "F9.9"
	_, err = contract.Judge(in)
	require.ErrorContains(t, err, `no requirement "F9.9"`)
	in = healthy()
	in.Doubts = []contract.Doubt{{Text: "why", Requirements: []string{"F0.0"}}}
	_, err = contract.Judge(in)
	require.ErrorContains(t, err, `doubt "why": no requirement "F0.0"`)
}

func TestJSONHoldsNoNull(t *testing.T) {
	t.Parallel()
	in := healthy()
	text, err := json.Marshal(judge(t, in))
	require.NoError(t, err)
	require.NotContains(t, string(text), "null")
	require.Contains(t, string(text), `"measured":{"sent":1000,`)
	var back contract.Verdict
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, judge(t, in), back)
}
