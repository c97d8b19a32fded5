package contract_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
)

// healed is a run of network_partition that was disturbed and came back.
func healed() contract.Input {
	in := healthy()
	in.Script = "network_partition"
	m := &in.Measured
	m.Healed, m.AckedDisturbed, m.AckedAfterHeal, m.ReadAfterHeal, m.PartitionsWritten, m.PartitionsHealed = 3, 120, 400, 390, 6, 6
	return in
}

func TestAspectsBreakRequirementsOfTheirOwn(t *testing.T) {
	t.Parallel()
	for aspect, id := range map[string]string{"unreachable": "F1.1", "address": "F1.2", "unspread": "F1.4"} {
		in := healthy()
		in.Findings = []ledger.Finding{{Code: ledger.MetadataLie, Aspect: aspect, Partition: -1, Offset: -1, Detail: "seen"}}
		v := judge(t, in)
		require.Equal(t, contract.Fail, v.Status)
		require.Empty(t, v.Other)
		for _, j := range v.Requirements {
			if j.ID == id {
				require.Equal(t, contract.Fail, j.Status)
				require.Equal(t, []string{"METADATA_LIE/" + aspect + ": seen"}, j.Evidence)
			} else {
				require.Equal(t, contract.Pass, j.Status, "%s does not break %s", aspect, j.ID)
			}
		}
	}
}

func TestAnAspectThatBreaksNothingWhichIsJudgedFailsTheRun(t *testing.T) {
	t.Parallel()
	for _, aspect := range []string{"changed", "of no requirement", ""} {
		in := healthy()
		in.Claims["elastic"] = true
		in.Findings = []ledger.Finding{{Code: ledger.MetadataLie, Aspect: aspect, Detail: "seen"}}
		v := judge(t, in)
		require.Equal(t, contract.Fail, v.Status, aspect)
		require.Equal(t, []ledger.Code{ledger.Code(in.Findings[0].Rule())}, v.Other)
		require.Len(t, v.Findings, 1)
	}
}

func TestAnAspectThatNobodyClaimsIsNotCounted(t *testing.T) {
	t.Parallel()
	in := healthy()
	in.Claims["singleEndpoint"] = false
	in.Findings = []ledger.Finding{{Code: ledger.MetadataLie, Aspect: "address", Detail: "seen"}}
	v := judge(t, in)
	require.Equal(t, contract.Pass, v.Status)
	require.Len(t, v.Unclaimed, 1)
	in.Findings[0].Aspect = "unreachable"
	require.Equal(t, contract.Fail, judge(t, in).Status, "one address suffices wherever clients connect")
}

func TestAPlainCodeStandsForAllAspects(t *testing.T) {
	t.Parallel()
	r := contract.Requirement{Rules: []ledger.Code{"METADATA_LIE"}}
	require.True(t, r.BrokenBy("METADATA_LIE/address"))
	require.True(t, r.BrokenBy("METADATA_LIE"))
	require.False(t, r.BrokenBy("METADATA_LIES/address"))
	r.Rules = []ledger.Code{"METADATA_LIE/address"}
	require.True(t, r.BrokenBy("METADATA_LIE/address"))
	require.False(t, r.BrokenBy("METADATA_LIE/unspread"))
	require.False(t, r.BrokenBy("METADATA_LIE"))
	for script, rule := range map[string]ledger.Code{
		"diagnose": "METADATA_LIE/address", "smoke_shared": "METADATA_LIE/unspread", "network_partition": ledger.Stuck,
	} {
		s, err := contract.ScenarioOf(script)
		require.NoError(t, err)
		require.True(t, s.JudgesRule(rule), script)
	}
	s, err := contract.ScenarioOf("diagnose")
	require.NoError(t, err)
	require.False(t, s.JudgesRule("METADATA_LIE/unspread"))
}

func TestEvidenceOfTheSingleAddress(t *testing.T) {
	t.Parallel()
	v := judge(t, healthy())
	require.Equal(t, []string{"9 metadata answers showed the single endpoint and no other address"}, judgement(t, v, "F1.2").Evidence)
	require.Equal(t, []string{"3 brokers: 120, 118, 95 requests on 31, 30, 31 connections"}, judgement(t, v, "F1.4").Evidence)
	in := healthy()
	in.Measured.Spread = map[int32]ledger.BrokerTraffic{4: {Connections: 1, Requests: 100}}
	require.Equal(t, []string{"there is one broker: nothing can spread"}, judgement(t, judge(t, in), "F1.4").Evidence)
}

func TestForeseenFindingsCountAgainstNobody(t *testing.T) {
	t.Parallel()
	in := healthy()
	in.Script = "message_faults"
	in.Measured.Found, in.Measured.ForeseenLost = 970, 30
	in.Measured.Duplicates, in.Measured.ForeseenDuplicates = 12, 12
	in.Foreseen = []ledger.Finding{
		{Code: ledger.LostAcked, Topic: "t", Detail: "gone", Count: 29}, {Code: ledger.Duplicate, Topic: "t", Detail: "twice", Count: 11},
	}
	v := judge(t, in)
	require.Equal(t, contract.Pass, v.Status)
	require.Empty(t, v.Findings)
	require.Equal(t, in.Foreseen, v.Foreseen)
	require.Equal(t, "970 of 1,000 acked records found in 2 complete final reads; 30 foreseen losses aside",
		judgement(t, v, "F3.4").Evidence[0])
	require.Contains(t, judgement(t, v, "NFR2.3").Evidence[0], "; 30 foreseen losses aside")
	require.Equal(t, "no other of 1,000 records stands twice; 12 foreseen duplicates aside", judgement(t, v, "NFR2.1").Evidence[0])

	in.Measured.Duplicates = 15
	require.Equal(t, "3 duplicates among 1,000 records, within the profile's budget; 12 foreseen duplicates aside",
		judgement(t, judge(t, in), "F3.5").Evidence[0])
	in.Measured.Found = 969
	require.Equal(t, contract.Inconclusive, status(t, judge(t, in), "F3.4"))

	all := contract.Merge([]contract.Verdict{v, v})
	require.Len(t, all.Foreseen, 4)
	require.Equal(t, int64(60), all.ForeseenLost)
}

func TestProgressAfterTheHeal(t *testing.T) {
	t.Parallel()
	v := judge(t, healed())
	require.Equal(t, contract.Pass, v.Status)
	require.Equal(t, []string{"all 6 partitions acked records that were sent after the last heal: 400 of them, and 390 were read"},
		judgement(t, v, "NFR1.5").Evidence)
	require.Equal(t, []string{"120 records acked during disturbances; after the last of 3 heals 400 sent and acked, 390 read"},
		judgement(t, v, "NFR4.4").Evidence)
	for name, c := range map[string]struct {
		change func(*contract.Measured)
		ids    []string
	}{
		"never healed":               {func(m *contract.Measured) { m.Healed = 0 }, []string{"NFR1.5", "NFR4.4"}},
		"nothing acked after it":     {func(m *contract.Measured) { m.AckedAfterHeal = 0 }, []string{"NFR1.5", "NFR4.4"}},
		"nothing read after it":      {func(m *contract.Measured) { m.ReadAfterHeal = 0 }, []string{"NFR1.5", "NFR4.4"}},
		"a partition without an ack": {func(m *contract.Measured) { m.PartitionsHealed-- }, []string{"NFR1.5"}},
	} {
		in := healed()
		c.change(&in.Measured)
		v := judge(t, in)
		require.Equal(t, contract.Inconclusive, v.Status, name)
		for _, id := range []string{"NFR1.5", "NFR4.4"} {
			want := contract.Pass
			for _, missing := range c.ids {
				if missing == id {
					want = contract.Inconclusive
				}
			}
			require.Equal(t, want, status(t, v, id), "%s: %s", name, id)
		}
	}
}

func TestMergeAddsTheTrafficOfBrokers(t *testing.T) {
	t.Parallel()
	in := healthy()
	in.Measured.Spread = map[int32]ledger.BrokerTraffic{0: {Connections: 1, Requests: 2}, 5: {Connections: 3, Requests: 4}}
	all := contract.Merge([]contract.Verdict{judge(t, healthy()), judge(t, in)})
	require.Equal(t, map[int32]ledger.BrokerTraffic{
		0: {Connections: 32, Requests: 122}, 1: {Connections: 30, Requests: 118}, 2: {Connections: 31, Requests: 95},
		5: {Connections: 3, Requests: 4},
	}, all.Spread)
	require.Equal(t, int64(120), healthy().Measured.Spread[0].Requests)
}
