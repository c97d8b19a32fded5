package foreign_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/foreign"
	"k6suite/extension/ledger"
)

// output reads what a tool of Apache Kafka 4.3.1 printed.
func output(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return string(text)
}

type files struct {
	producers, consumers, finals []string
}

func judged(t *testing.T, f files) ledger.Judgement {
	t.Helper()
	run := foreign.New()
	for _, text := range f.producers {
		require.NoError(t, run.Produced("producer", strings.NewReader(text)))
	}
	for _, text := range f.consumers {
		require.NoError(t, run.Consumed("consumer", "g", strings.NewReader(text)))
	}
	for _, text := range f.finals {
		require.NoError(t, run.Final("final", strings.NewReader(text)))
	}
	return run.Judge(ledger.JudgeOptions{})
}

func codes(j ledger.Judgement) (all []string) {
	for _, f := range j.Findings {
		all = append(all, f.Rule())
	}
	return all
}

func TestWhatKafkasToolsPrintIsJudged(t *testing.T) {
	t.Parallel()
	sent, read := output(t, "producer.jsonl"), output(t, "consumer.jsonl")
	j := judged(t, files{[]string{sent}, []string{read}, []string{read, read}})
	require.Empty(t, j.Findings)
	require.Empty(t, j.Doubts)
	require.EqualValues(t, 5, j.Counts.Acked)
	require.EqualValues(t, 5, j.Counts.Found)
	require.EqualValues(t, 5, j.Counts.Read)
}

func TestTheRulesHoldForOtherClients(t *testing.T) {
	t.Parallel()
	sent, read := output(t, "producer.jsonl"), output(t, "consumer.jsonl")
	without := func(text, part string) string {
		var kept []string
		for _, l := range strings.Split(text, "\n") {
			if !strings.Contains(l, part) {
				kept = append(kept, l)
			}
		}
		require.NotEqual(t, text, strings.Join(kept, "\n"))
		return strings.Join(kept, "\n")
	}
	gone := without(read, `"value":"7.2"`)
	other := strings.Replace(read, `"value":"7.2"`, `"value":"8.2"`, 1)
	for name, tc := range map[string]struct {
		files
		want []string
	}{
		"lost":                     {files{[]string{sent}, nil, []string{gone, gone}}, []string{"LOST_ACKED"}},
		"not told by one":          {files{[]string{sent}, nil, []string{gone}}, nil},
		"skipped by a group":       {files{[]string{sent}, []string{gone}, []string{read, read}}, []string{"POLL_SKIP"}},
		"another one in its place": {files{[]string{sent}, nil, []string{other, other}}, []string{"CORRUPT"}},
		"at another offset": {files{[]string{strings.Replace(sent, `"value":"7.4","offset":4`, `"value":"7.4","offset":9`, 1)}, nil, []string{
			read + `{"name":"record_data","value":"7.5","topic":"vp","partition":1,"offset":9}`,
		}}, []string{"OFFSET_MISMATCH", "PHANTOM"}},
		"an unknown one may be there": {files{[]string{
			strings.Replace(sent, `"name":"producer_send_success","key":null,"value":"7.2","offset":2`,
				`"name":"producer_send_error","exception":"class org.apache.kafka.common.errors.TimeoutException","key":null,"value":"7.2"`, 1),
		}, nil, []string{read, read}}, nil},
		"who was killed may have sent more": {files{[]string{without(sent, "tool_data")}, nil, []string{
			read + `{"name":"record_data","value":"7.9","topic":"vp","partition":1,"offset":5}`,
			read + `{"name":"record_data","value":"7.9","topic":"vp","partition":1,"offset":5}`,
		}}, nil},
		"who lived has not": {files{[]string{sent}, nil, []string{
			read + `{"name":"record_data","value":"7.9","topic":"vp","partition":1,"offset":5}`,
		}}, []string{"PHANTOM"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ElementsMatch(t, tc.want, codes(judged(t, tc.files)))
		})
	}
}

// A read that ends early has lost nothing.
func TestAFinalReadThatEndsEarlyIsNoLoss(t *testing.T) {
	t.Parallel()
	read := output(t, "consumer.jsonl")
	early, _, found := strings.Cut(read, `{"timestamp":1795399496545,"name":"record_data","key":null,"value":"7.3"`)
	require.True(t, found)
	j := judged(t, files{producers: []string{output(t, "producer.jsonl")}, finals: []string{early, early}})
	require.Empty(t, j.Findings)
	require.Len(t, j.Doubts, 2)
	require.Contains(t, j.Doubts[0].Text, "vp/1 reached offset 3 of 5")
}

func TestWhatCannotBeJudgedIsSaid(t *testing.T) {
	t.Parallel()
	sent := output(t, "producer.jsonl")
	for what, produce := range map[string][]string{
		"producer: it has no lines of JSON with a name":                     {"hello\n\n{}\n"},
		"it has no lines of JSON with a name: nothing was sent":             {`{"name":"startup_complete"}`},
		"its values are those of producer, too: give each producer another": {sent, sent},
		`line 2: the value "x" is no number`:                                {"\n" + `{"name":"producer_send_success","value":"x"}`},
		"line 1: producer_send_success has no value":                        {`{"name":"producer_send_success"}`},
		`its value "1" is that of another producer`:                         {sent + `{"name":"producer_send_success","value":"1"}`},
		"line 1: invalid character":                                         {`{"name"=`},
	} {
		run := foreign.New()
		var err error
		for _, text := range produce {
			err = run.Produced("producer", strings.NewReader(text))
		}
		require.ErrorContains(t, err, what)
	}
	quiet := strings.ReplaceAll(output(t, "consumer.jsonl"), "record_data", "other")
	require.ErrorContains(t, foreign.New().Consumed("c", "g", strings.NewReader(quiet)), "give the consumer --verbose")
	require.ErrorContains(t, foreign.New().Final("c", strings.NewReader(quiet)), "give the consumer --verbose")
}
