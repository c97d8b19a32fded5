package suite

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"k6suite/extension/contract"
	"k6suite/extension/report"
	"k6suite/extension/saved"
)

func newVerifyCommand() *cobra.Command {
	var f foreignFlags
	cmd := &cobra.Command{
		Use:   "verify [FILE...]",
		Short: "Judge saved runs, or what other clients printed, offline",
		Long: `Judge runs that were saved (k6 x suite run --save, or save in the profile) by the same rules, without their target, and print their
verdicts. A FILE may be a folder: all saved runs in it are judged. Where the verdict of then is saved beside a run, both must be the same.

The runs of several k6 instances that ran one test (k6 run --execution-segment, one K6_RUN_ID) are judged as one: give the files of all.

Or judge clients that nobody here wrote: what Kafka's VerifiableProducer and VerifiableConsumer --verbose printed (org.apache.kafka.tools).
The topics must have been theirs alone. Each --final is a consumer that has read everything from the beginning after all was sent, in a
group of its own; two of them are needed to call a record lost.

Exit code: 0 PASS, 1 a file could not be judged or is judged differently now, 2 FAIL, 3 INCONCLUSIVE.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.needsFiles(args); err != nil {
				return err
			}
			if f.given() {
				return f.verify(cmd.OutOrStdout())
			}
			return verify(cmd.OutOrStdout(), args)
		},
	}
	cmd.Flags().StringSliceVar(&f.producers, "producer", nil, "output of a VerifiableProducer; each has its own --value-prefix")
	cmd.Flags().StringSliceVar(&f.consumers, "consumer", nil, "output of a VerifiableConsumer that read meanwhile")
	cmd.Flags().StringSliceVar(&f.finals, "final", nil, "output of a VerifiableConsumer that read everything in the end")
	cmd.Flags().StringVar(&f.group, "group", "group", "the group of all --consumer")
	cmd.Flags().Int64Var(&f.duplicates, "duplicates", 0, "how many duplicates the producers' settings allow")
	return cmd
}

func verify(out io.Writer, args []string) error {
	files, err := savedRuns(args)
	if err != nil {
		return couldNotRun("%v", err)
	}
	var verdicts []contract.Verdict
	var failed []error
	for _, test := range testsOf(files) {
		judge := func() (contract.Verdict, error) { return verifyOne(out, test.files[0]) }
		if test.part.Of > 1 { // one file, too: what the others sent is missing then
			judge = func() (contract.Verdict, error) { return test.verify(out) }
		}
		verdict, err := judge()
		if err != nil {
			failed = append(failed, err)
			continue
		}
		verdicts = append(verdicts, verdict)
	}
	if len(failed) > 0 {
		return couldNotRun("%d of %d saved runs could not be verified:\n%v", len(failed), len(files), errors.Join(failed...))
	}
	worst := contract.Merge(verdicts).Status
	if code := worst.ExitCode(); code != 0 {
		return &ExitError{Code: code, Reason: fmt.Sprintf("the worst of %d saved runs is %s", len(verdicts), worst)}
	}
	return nil
}

// savedRuns finds the files, also those in folders that are named.
func savedRuns(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		about, err := os.Stat(arg)
		if err != nil {
			return nil, err //nolint:wrapcheck // it names the file
		}
		if !about.IsDir() {
			files = append(files, arg)
			continue
		}
		before := len(files)
		for _, pattern := range []string{saved.File, filepath.Join("*", saved.File)} {
			found, err := filepath.Glob(filepath.Join(arg, pattern))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", arg, err)
			}
			files = append(files, found...)
		}
		if len(files) == before {
			return nil, fmt.Errorf("%s: no run is saved in it: k6 x suite run --save does so", arg)
		}
	}
	return files, nil
}

// verifyOne judges one saved run, and prints its verdict.
func verifyOne(out io.Writer, file string) (contract.Verdict, error) {
	again, err := replayed(file)
	if h := again.header; h.Run != "" {
		fmt.Fprintf(out, "\n%s: %s on %s, run %s, began %s\n", file, h.Script, h.Profile, h.Run, h.Began.UTC().Format(time.RFC3339))
	}
	if again.verdict.Status != "" {
		if err := report.Text(out, again.verdict, false); err != nil {
			return again.verdict, fmt.Errorf("%s: %w", file, err)
		}
	}
	if err == nil && again.compared {
		fmt.Fprintf(out, "%s beside it says the same\n", report.VerdictFile)
	}
	return again.verdict, err
}

// replay is a saved run that was judged again.
type replay struct {
	header   saved.Header
	verdict  contract.Verdict
	compared bool // with the verdict of then
}

// replayed judges a saved run. That it is judged differently from the verdict that is saved beside it is an error.
func replayed(file string) (again replay, err error) {
	run, header, err := saved.Read(file)
	again.header = header
	if err != nil {
		return again, err //nolint:wrapcheck // it names the file
	}
	if again.verdict, err = run.Judge(); err != nil {
		return again, fmt.Errorf("%s: %w", file, err)
	}
	again.compared, err = compare(file, again.verdict)
	return again, err
}

// compare holds a verdict against the one that is saved beside a run, if there is one. That they differ is an error.
func compare(file string, now contract.Verdict) (compared bool, err error) {
	then, err := report.ReadVerdict(filepath.Dir(file))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	var differ []string
	if err == nil {
		differ, err = differences(then, now)
	}
	if err == nil && len(differ) > 0 {
		err = fmt.Errorf("it is judged differently now, in %s: compare with %s beside it", strings.Join(differ, ", "), report.VerdictFile)
	}
	if err != nil {
		return true, fmt.Errorf("%s: %w", file, err)
	}
	return true, nil
}

// differences names the parts of two verdicts that are not the same.
func differences(a, b contract.Verdict) ([]string, error) {
	one, err := partsOf(a)
	if err != nil {
		return nil, err
	}
	other, err := partsOf(b)
	if err != nil {
		return nil, err
	}
	differ := map[string]bool{}
	for name := range one {
		differ[name] = !bytes.Equal(one[name], other[name])
	}
	for name := range other {
		differ[name] = !bytes.Equal(one[name], other[name])
	}
	maps.DeleteFunc(differ, func(_ string, differs bool) bool { return !differs })
	return slices.Sorted(maps.Keys(differ)), nil
}

// partsOf gives the parts of a verdict by the names that they have in its JSON.
func partsOf(v contract.Verdict) (map[string]json.RawMessage, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("verdict of %s: %w", v.Script, err)
	}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		return nil, fmt.Errorf("verdict of %s: %w", v.Script, err)
	}
	return parts, nil
}
