package suite

import (
	"fmt"
	"io"

	"k6suite/extension/contract"
	"k6suite/extension/report"
	"k6suite/extension/saved"
)

// savedTest is the saved runs that are judged as one: those of the k6 instances that ran one test, or a single one.
type savedTest struct {
	part  contract.Part
	files []string
}

// testsOf puts the instances of each test together, and keeps the order. What is no saved run stays by itself, and says so when it is read.
func testsOf(files []string) (tests []*savedTest) {
	byPart := map[contract.Part]*savedTest{}
	for _, file := range files {
		header, err := saved.ReadHeader(file)
		whole := contract.Part{Test: header.Part.Test, Of: header.Part.Of}
		if test := byPart[whole]; err == nil && whole.Of > 1 && test != nil {
			test.files = append(test.files, file)
			continue
		}
		test := &savedTest{whole, []string{file}}
		tests = append(tests, test)
		if err == nil && whole.Of > 1 {
			byPart[whole] = test
		}
	}
	return tests
}

// verify judges all instances of a test as one, and prints a line for each and the verdict of all.
func (t *savedTest) verify(out io.Writer) (contract.Verdict, error) {
	all := saved.NewInstances(t.part)
	fmt.Fprintln(out)
	for _, file := range t.files {
		run, header, err := saved.Read(file)
		if err != nil {
			return contract.Verdict{}, err //nolint:wrapcheck // it names the file
		}
		alone, err := all.Add(run)
		if err != nil {
			return alone, fmt.Errorf("%s: %w", file, err)
		}
		if _, err := compare(file, alone); err != nil {
			return alone, err
		}
		fmt.Fprintf(out, "%s: %s, alone %s; %d records acked\n", file, header.Part, alone.Status, alone.Acked)
	}
	verdict, err := all.Judge()
	if err != nil {
		return verdict, err //nolint:wrapcheck // it says what is wrong
	}
	fmt.Fprintf(out, "%d of %d as one:\n", len(t.files), t.part.Of)
	if err := report.Text(out, verdict, false); err != nil {
		return verdict, fmt.Errorf("test %s: %w", t.part.Test, err)
	}
	return verdict, nil
}
