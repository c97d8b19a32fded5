package suite

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"k6suite/extension/contract"
	"k6suite/extension/embedded"
)

// shownBy names the first script that has to find a lie, behind what of the environment that takes.
func shownBy(lie embedded.Lie, scenarios []contract.Scenario) string {
	scripts := scriptsOf(lie, scenarios)
	if len(scripts) == 0 {
		return "-"
	}
	return strings.Join(append(conditions(lie), scripts[0]), " ")
}

func newLiesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "lies",
		Short: "List the deliberate defects of the embedded target and the rule that each breaks",
		Long: `List the deliberate defects of the embedded target. Tell one with K6_LIE=<name> ./k6 run tests/<script>.js and see the
suite say no; settings before a script's name are what the lie needs beyond that.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "LIE\tBREAKS\tSHOWN BY\tHOW")
			scenarios, err := contract.Stage(contract.StageRelease)
			if err != nil {
				return couldNotRun("%v", err)
			}
			for _, lie := range embedded.Lies() {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", lie.Name, lie.Rule, shownBy(lie, scenarios), lie.Breaks)
			}
			return w.Flush()
		},
	}
}
