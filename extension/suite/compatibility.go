package suite

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"k6suite/extension/contract"
	"k6suite/extension/report"
)

// What stands between these lines of a document is written by machine.
const (
	verdictsBegin = "<!-- verdicts -->"
	verdictsEnd   = "<!-- /verdicts -->"
)

type compatibilityFlags struct {
	results []string
	file    string
}

func newCompatibilityCommand() *cobra.Command {
	var f compatibilityFlags
	cmd := &cobra.Command{
		Use:   "compatibility",
		Short: "Make a table of targets and requirements from the verdicts of saved runs",
		Long: `Read the contract of each ` + "`k6 x suite run`" + ` in the results, and write which requirements held on which target. Runs of the
same system, version, number of brokers and profile are one column, in which the worst outcome counts. Runs whose target was told to lie
are left out. K6_PROFILE_VERSION tells a run the version of its target.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.OutOrStdout()) },
	}
	cmd.Flags().StringSliceVar(&f.results, "results", []string{cmp.Or(os.Getenv("K6_RESULTS"), "results")}, "folders whose runs are read")
	cmd.Flags().StringVar(&f.file, "file", "", "document to write it to, between "+verdictsBegin+" and "+verdictsEnd+" (default: print it)")
	return cmd
}

func (f *compatibilityFlags) run(out io.Writer) error {
	var runs []contract.Verdict
	for _, dir := range f.results {
		found, err := contractsIn(dir)
		if err != nil {
			return couldNotRun("%v", err)
		}
		runs = append(runs, found...)
	}
	if len(runs) == 0 {
		return couldNotRun("no run of several scripts is saved in %s: k6 x suite run makes one", strings.Join(f.results, ", "))
	}
	scenarios, err := contract.Stage(contract.StageRelease)
	if err != nil {
		return couldNotRun("%v", err)
	}
	table := compatibilityText(columnsOf(runs), len(scenarios))
	if f.file == "" {
		fmt.Fprint(out, table)
		return nil
	}
	if err := replaceBetween(f.file, table); err != nil {
		return couldNotRun("%v", err)
	}
	fmt.Fprintf(out, "%s: %d runs of %d targets\n", f.file, len(runs), len(columnsOf(runs)))
	return nil
}

// contractsIn reads the verdicts over several scripts in the folders of a results folder.
func contractsIn(dir string) ([]contract.Verdict, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("results: %w", err)
	}
	var out []contract.Verdict
	for _, e := range entries {
		v, err := report.ReadVerdict(filepath.Join(dir, e.Name()))
		switch {
		case errors.Is(err, os.ErrNotExist) || !e.IsDir():
		case err != nil:
			return nil, err
		case len(v.Scripts) > 0 && len(v.LieHits) == 0:
			out = append(out, v)
		}
	}
	return out, nil
}

// column is what is known of one target.
type column struct {
	system, version, profile string
	brokers                  int
	status                   contract.Status
	requirements             map[string]contract.Status
	scripts                  map[string]bool
	suites                   []string
	last                     time.Time
}

// columnsOf sorts runs by target.
func columnsOf(runs []contract.Verdict) []*column {
	grouped := map[string][]contract.Verdict{}
	var columns []*column
	for _, v := range runs {
		c := &column{system: v.System, version: v.Subject.Version, profile: v.Profile, brokers: v.Subject.Brokers}
		key := fmt.Sprint(c.system, "\n", c.version, "\n", c.profile, "\n", c.brokers)
		if grouped[key] == nil {
			columns = append(columns, c)
		}
		grouped[key] = append(grouped[key], v)
	}
	for _, c := range columns {
		c.fill(grouped[fmt.Sprint(c.system, "\n", c.version, "\n", c.profile, "\n", c.brokers)])
	}
	slices.SortFunc(columns, func(a, b *column) int {
		return cmp.Or(cmp.Compare(a.system, b.system), cmp.Compare(a.version, b.version),
			cmp.Compare(a.brokers, b.brokers), cmp.Compare(a.profile, b.profile))
	})
	return columns
}

// fill merges the runs of one target.
func (c *column) fill(runs []contract.Verdict) {
	merged := contract.Merge(runs)
	c.status, c.last = merged.Status, merged.Subject.At
	c.requirements, c.scripts = map[string]contract.Status{}, map[string]bool{}
	for _, j := range merged.Requirements {
		c.requirements[j.ID] = j.Status
	}
	for _, v := range runs {
		for _, s := range v.Scripts {
			c.scripts[s.Script] = true
		}
		if suite := cmp.Or(v.Subject.Suite, "unknown"); !slices.Contains(c.suites, suite) {
			c.suites = append(c.suites, suite)
		}
	}
}

// compatibilityText writes two tables: the targets, and what each requirement came to on them.
func compatibilityText(columns []*column, scripts int) string {
	var b strings.Builder
	b.WriteString("| | System | Version | Brokers | Profile | Scripts | Judged, UTC | Suite | Verdict |\n" + strings.Repeat("|---", 9) + "|\n")
	head := []string{"Requirement"}
	for i, c := range columns {
		brokers := "?"
		if c.brokers > 0 {
			brokers = fmt.Sprint(c.brokers)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | `%s` | %d of %d | %s | %s | %s |\n", letter(i), c.system, cmp.Or(c.version, "–"), brokers,
			c.profile, len(c.scripts), scripts, c.last.UTC().Format(time.DateOnly), strings.Join(c.suites, ", "), c.status)
		head = append(head, letter(i))
	}
	b.WriteString("\n" + cells(head) + strings.Repeat("|---", len(head)) + "|\n")
	var open []string
	for _, r := range contract.Requirements() {
		row, judged := []string{r.ID + " " + r.Title}, false
		for _, c := range columns {
			status, ok := c.requirements[r.ID]
			judged = judged || ok
			row = append(row, cmp.Or(string(status), "–"))
		}
		if judged {
			b.WriteString(cells(row))
		} else {
			open = append(open, r.ID)
		}
	}
	b.WriteString("\n–: none of the scripts that were run judges it.")
	if len(open) > 0 {
		b.WriteString(" So on no target: " + strings.Join(open, ", ") + ".")
	}
	b.WriteString("\n")
	return b.String()
}

// cells are a line of a table.
func cells(texts []string) string { return "| " + strings.Join(texts, " | ") + " |\n" }

// letter names a column: A to Z, then A1.
func letter(i int) string {
	name := string(rune('A' + i%26))
	if i >= 26 {
		name += fmt.Sprint(i / 26)
	}
	return name
}

// replaceBetween writes a text between the two marks of a document.
func replaceBetween(file, text string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("document: %w", err)
	}
	before, rest, found := strings.Cut(string(old), verdictsBegin+"\n")
	_, after, ended := strings.Cut(rest, verdictsEnd)
	if !found || !ended {
		return fmt.Errorf("%s: it has no lines %s and %s to write between", file, verdictsBegin, verdictsEnd)
	}
	if err := os.WriteFile(file, []byte(before+verdictsBegin+"\n"+text+verdictsEnd+after), 0o644); err != nil {
		return fmt.Errorf("document: %w", err)
	}
	return nil
}
