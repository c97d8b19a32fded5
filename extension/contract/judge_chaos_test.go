package contract_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/ledger"
)

// chaotic is a run of a script whose faults did all that faults can do, on a target that kept all promises.
func chaotic(script string) contract.Input {
	in := healed()
	in.Script, in.Claims = script, everything()
	none := int64(0)
	in.Measured.Chaos = contract.Chaos{
		Kills: 4, KilledAll: 1, Restarts: 4, Pauses: 2, Scaled: []int{1, 3, 1},
		Added:         []contract.AddedBroker{{ID: 3, Requests: 40}, {ID: 4, Requests: 35}},
		StorageSlowed: 300, StorageFailed: 80, Outages: 1, Excused: 7, Rebalances: &none,
		Connections: &contract.Connections{Before: 12},
	}
	in.Measured.Recoveries = []contract.PartitionRecovery{
		{Topic: "t", Partition: 1, Times: 2, Recovered: 2, Worst: 1.25, After: "fault 2 (kill)"},
		{Topic: "t", Partition: 0, Times: 2, Recovered: 2, Worst: 0.5, After: "fault 1 (kill)"},
	}
	for _, id := range []string{"F5.5", "NFR3.2"} {
		in.Expectations = append(in.Expectations, contract.Expectation{Requirement: id, What: "more gets through", OK: true})
	}
	return in
}

func chaosScripts() []string {
	return []string{"chaos_broker", "zombie", "chaos_random", "objectstore_slow", "scaleout", "rolling_upgrade"}
}

func TestAHealthyChaosRunPasses(t *testing.T) {
	t.Parallel()
	for _, script := range chaosScripts() {
		v := judge(t, chaotic(script))
		require.Equal(t, contract.Pass, v.Status, script)
		for _, j := range v.Requirements {
			require.Equal(t, contract.Pass, j.Status, "%s: %s: %v", script, j.ID, j.Evidence)
		}
	}
}

func TestChaosEvidence(t *testing.T) {
	t.Parallel()
	const deaths = "4 brokers killed, 4 brokers started again, 2 brokers frozen and resumed, all of them dead at once 1 time"
	const found = "1,000 of 1,000 acked records found in 2 complete final reads"
	for _, c := range []struct{ script, id, evidence string }{
		{"chaos_broker", "F3.3", deaths + ": " + found},
		{"chaos_broker", "F4.1", deaths + ": " + found},
		{"chaos_broker", "F4.2", deaths + "; 120 records acked meanwhile, and no client saw an error that counts: 7 excused"},
		{"chaos_broker", "F4.3", deaths + ", and no group rebalanced meanwhile"},
		{"chaos_broker", "F4.4", deaths + "; 9 metadata answers showed the same brokers, controller and leaders"},
		{"chaos_broker", "NFR1.3", deaths + "; 2 partitions recovered 4 times, the slowest (t/1 after fault 2 (kill)) in 1.250 s"},
		{"zombie", "F4.6", "2 brokers frozen and resumed: " + found + ", each at the offset of its ack"},
		{"objectstore_slow", "F6.3", "300 requests to storage slowed down: " + found},
		{"objectstore_slow", "F6.4", "80 requests to storage failed, 1 total outage; 7 retriable errors excused; " + found},
		{"objectstore_slow", "NFR1.4", "300 requests to storage slowed down: the same 1,000 records in the objects and in the final reads"},
		{"scaleout", "F5.1", "1 → 3 → 1 brokers; clients kept their 12 connections and opened no other"},
		{"scaleout", "F5.4", "broker 3 got 40 requests, broker 4 got 35 requests for records"},
	} {
		require.Equal(t, c.evidence, judgement(t, judge(t, chaotic(c.script)), c.id).Evidence[0], c.id)
	}
}

func TestChaosThatDidNotHappenProvesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*contract.Measured)
		ids    []string
	}{
		"no kill":       {func(m *contract.Measured) { m.Kills = 0 }, []string{"F3.3", "F4.3", "NFR4.2"}},
		"no restart":    {func(m *contract.Measured) { m.Restarts = 0 }, []string{"F4.5", "NFR4.1", "NFR4.2"}},
		"no pause":      {func(m *contract.Measured) { m.Pauses = 0 }, []string{"F4.6"}},
		"nothing slow":  {func(m *contract.Measured) { m.StorageSlowed = 0 }, []string{"F6.3", "NFR1.4"}},
		"nothing fails": {func(m *contract.Measured) { m.StorageFailed = 0 }, []string{"F6.4"}},
		"no death at all": {
			func(m *contract.Measured) { m.Kills, m.KilledAll, m.Restarts, m.Pauses = 0, 0, 0, 0 },
			[]string{"F3.3", "F4.1", "F4.2", "F4.3", "F4.4", "F4.5", "F4.6", "NFR1.1", "NFR1.2", "NFR1.3", "NFR4.1", "NFR4.2"},
		},
		"no scaling": {
			func(m *contract.Measured) { m.Scaled = []int{3, 1} },
			[]string{"F5.1", "F5.2", "F5.3", "F5.4", "NFR3.1", "NFR3.3", "NFR4.3"},
		},
		"an idle newcomer":         {func(m *contract.Measured) { m.Added[1].Requests = 0 }, []string{"F5.4"}},
		"connections not counted":  {func(m *contract.Measured) { m.Connections = nil }, []string{"F5.1", "NFR3.3"}},
		"rebalances not counted":   {func(m *contract.Measured) { m.Rebalances = nil }, []string{"F4.3"}},
		"no recovery":              {func(m *contract.Measured) { m.Recoveries = nil }, []string{"F4.5", "NFR1.3"}},
		"one that never recovered": {func(m *contract.Measured) { m.Recoveries[1].Recovered-- }, []string{"F4.5", "NFR1.3"}},
		"nothing acked meanwhile": {
			func(m *contract.Measured) { m.AckedDisturbed = 0 },
			[]string{"F4.2", "NFR1.2", "NFR3.1", "NFR4.1", "NFR4.2", "NFR4.3"},
		},
		"a record is missing": {
			func(m *contract.Measured) { m.Found-- },
			[]string{"F3.2", "F3.3", "F3.4", "F4.1", "F4.6", "F6.3", "F6.4", "NFR1.1", "NFR2.2", "NFR2.3"},
		},
	} {
		var ids []string
		for _, script := range chaosScripts() {
			in := chaotic(script)
			c.change(&in.Measured)
			v := judge(t, in)
			for _, j := range v.Requirements {
				if j.Status == contract.Inconclusive && !slices.Contains(ids, j.ID) {
					ids = append(ids, j.ID)
				}
				require.NotEqual(t, contract.Fail, j.Status, name)
			}
		}
		slices.Sort(ids)
		require.Equal(t, c.ids, ids, name)
	}
}

func TestWhatIsMeasuredCanBreakARequirement(t *testing.T) {
	t.Parallel()
	in := chaotic("chaos_broker")
	two := int64(2)
	in.Measured.Rebalances = &two
	v := judge(t, in)
	require.Equal(t, contract.Fail, v.Status)
	require.Equal(t, []string{"groups rebalanced 2 times while a broker was away"}, judgement(t, v, "F4.3").Evidence)

	in = chaotic("scaleout")
	in.Measured.Connections.During = 5
	v = judge(t, in)
	for _, id := range []string{"F5.1", "NFR3.3"} {
		require.Equal(t, contract.Fail, status(t, v, id))
		require.Equal(t, "1 → 3 → 1 brokers; clients had 12 connections, and opened 5 more", judgement(t, v, id).Evidence[0])
	}
	in.Claims["elastic"] = false
	require.Equal(t, contract.NotClaimed, status(t, judge(t, in), "F5.1"))
}

func TestATargetThatCannotBeDisturbedIsNotClaimed(t *testing.T) {
	t.Parallel()
	const why = "the profile says nothing of how its brokers are controlled (chaos.platform)"
	for _, script := range chaosScripts() {
		v := judge(t, contract.Input{Script: script, Claims: everything(), Unable: why})
		require.Equal(t, contract.NotClaimed, v.Status, script)
		require.Zero(t, v.ExitCode())
		require.Empty(t, v.Doubts)
		for _, j := range v.Requirements {
			require.Equal(t, contract.NotClaimed, j.Status)
			require.Equal(t, []string{why}, j.Evidence)
		}
	}
	v := judge(t, contract.Input{
		Script: "zombie", Claims: everything(), Unable: why, Findings: []ledger.Finding{{Code: ledger.LostAcked, Detail: "gone"}},
	})
	require.Equal(t, contract.Fail, v.Status, "a finding counts whatever else was not tried")
}

func TestRecoveriesAreSummedUpByPartition(t *testing.T) {
	t.Parallel()
	tp := func(p int32) ledger.TopicPartition { return ledger.TopicPartition{Topic: "t", Partition: p} }
	require.Equal(t, []contract.PartitionRecovery{
		{Topic: "t", Partition: 1, Times: 2, Recovered: 2, Worst: 2.5, After: "b"},
		{Topic: "t", Partition: 0, Times: 2, Recovered: 1, Worst: 1, After: "a"},
		{Topic: "t", Partition: 2, Times: 1, After: "b"},
	}, contract.RecoveriesOf([]ledger.Recovery{
		{What: "a", TP: tp(0), Took: time.Second, Recovered: true},
		{What: "a", TP: tp(1), Took: time.Second, Recovered: true},
		{What: "b", TP: tp(0)},
		{What: "b", TP: tp(1), Took: 2500 * time.Millisecond, Recovered: true},
		{What: "b", TP: tp(2)},
	}))
}

func TestMergeKeepsWhatFaultsDid(t *testing.T) {
	t.Parallel()
	began := time.Unix(1_800_000_000, 0)
	a, b := chaotic("chaos_broker"), chaotic("zombie")
	a.Measured.Faults = []contract.FaultReport{{Number: 1, Spec: "{}", Hits: 2, Began: began, Ended: began.Add(1500 * time.Millisecond)}}
	b.Measured.Faults = []contract.FaultReport{{Number: 1, Spec: "{}", Hits: 1}}
	all := contract.Merge([]contract.Verdict{judge(t, a), judge(t, b)})
	require.Equal(t, []string{"chaos_broker", "zombie"}, []string{all.Faults[0].Script, all.Faults[1].Script})
	require.InDelta(t, 1.5, all.Faults[0].Seconds(), 1e-9)
	require.Zero(t, all.Faults[1].Seconds())
	require.Len(t, all.Recoveries, 4)
	require.Equal(t, int64(8), all.Kills)
	require.Equal(t, contract.Connections{Before: 24}, *all.Connections)
	require.Zero(t, *all.Rebalances)
	require.Equal(t, int64(12), a.Measured.Connections.Before)
}

// REWRITE tells of losses in place of LOST_ACKED: what promises that nothing is lost must be broken by both.
func TestARewrittenRecordIsALostOne(t *testing.T) {
	t.Parallel()
	for _, r := range contract.Requirements() {
		if slices.Contains(r.Rules, ledger.LostAcked) {
			require.Contains(t, r.Rules, ledger.Rewrite, r.ID)
		}
	}
}
