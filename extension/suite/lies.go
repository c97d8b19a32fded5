package suite

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"k6suite/extension/embedded"
)

func newLiesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "lies",
		Short: "List the deliberate defects of the embedded target and the rule that each breaks",
		Long: `List the deliberate defects of the embedded target. Tell one with K6_LIE=<name> ./k6 run tests/<script>.js and see the
suite say no.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "LIE\tBREAKS\tHOW")
			for _, lie := range embedded.Lies() {
				fmt.Fprintf(w, "%s\t%s\t%s\n", lie.Name, lie.Rule, lie.Breaks)
			}
			return w.Flush()
		},
	}
}
