package suite

import (
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"k6suite/extension/chaos/platform/guard"
)

// newGuardCommand is for k6 itself: what watches over the processes that k6 has started.
func newGuardCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "guard",
		Short:  "End what a killed k6 leaves behind (k6 starts this itself)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			// Whatever ends k6 may be sent to its guard, too, and must not end it before it has done its work.
			signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
			if err := guard.Run(cmd.InOrStdin(), cmd.OutOrStdout()); err != nil {
				return couldNotRun("%v", err)
			}
			return nil
		},
	}
}
