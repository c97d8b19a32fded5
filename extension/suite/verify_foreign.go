package suite

import (
	"fmt"
	"io"
	"os"

	"k6suite/extension/contract"
	"k6suite/extension/foreign"
	"k6suite/extension/ledger"
	"k6suite/extension/report"
)

// foreignFlags name what Kafka's own verifiable clients have printed.
type foreignFlags struct {
	producers, consumers, finals []string
	group                        string
	duplicates                   int64
}

func (f *foreignFlags) given() bool { return len(f.producers)+len(f.consumers)+len(f.finals) > 0 }

// verify judges foreign clients by the rules that their output has something to say about.
func (f *foreignFlags) verify(out io.Writer) error {
	run := foreign.New()
	for _, all := range []struct {
		files []string
		take  func(name string, in io.Reader) error
	}{
		{f.producers, run.Produced},
		{f.consumers, func(name string, in io.Reader) error { return run.Consumed(name, f.group, in) }},
		{f.finals, run.Final},
	} {
		for _, file := range all.files {
			if err := taking(file, all.take); err != nil {
				return couldNotRun("%v", err)
			}
		}
	}
	verdict := verdictOf(run.Judge(ledger.JudgeOptions{DuplicateBudget: f.duplicates}))
	if err := report.Text(out, verdict, false); err != nil {
		return couldNotRun("printing: %v", err)
	}
	if code := verdict.Status.ExitCode(); code != 0 {
		return &ExitError{Code: code, Reason: "the clients' run is " + string(verdict.Status)}
	}
	return nil
}

func taking(file string, take func(name string, in io.Reader) error) error {
	in, err := os.Open(file)
	if err != nil {
		return err //nolint:wrapcheck // it names the file
	}
	defer in.Close()
	return take(file, in)
}

// verdictOf is a verdict without requirements: no profile says what was promised.
func verdictOf(j ledger.Judgement) contract.Verdict {
	v := contract.Verdict{Status: contract.Pass, Findings: j.Findings, Notes: j.Notes}
	v.Sent, v.Acked, v.Unknown, v.Read = j.Counts.Sent, j.Counts.Acked, j.Counts.Unknown, j.Counts.Found
	for _, d := range j.Doubts {
		v.Doubts = append(v.Doubts, contract.Doubt{Text: d.Text})
	}
	if v.Acked == 0 {
		v.Doubts = append(v.Doubts, contract.Doubt{Text: "no record was acked"})
	}
	switch {
	case len(v.Findings) > 0:
		v.Status = contract.Fail
	case len(v.Doubts) > 0:
		v.Status = contract.Inconclusive
	}
	return v
}

// needsFiles refuses a call of verify that names nothing to judge, or two kinds of it.
func (f *foreignFlags) needsFiles(args []string) error {
	switch {
	case f.given() && len(args) > 0:
		return couldNotRun("give saved runs, or the output of other clients by --producer, --consumer and --final, not both")
	case f.given() && len(f.producers) == 0:
		return couldNotRun("--producer is missing: what was read is compared with what was sent")
	case !f.given() && len(args) == 0:
		return couldNotRun("give the files of saved runs, or the output of other clients: see %s", fmt.Sprintf("%q", "k6 x suite verify --help"))
	}
	return nil
}
