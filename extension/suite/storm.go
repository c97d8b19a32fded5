package suite

import (
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"k6suite/extension/kafka/storm"
	"k6suite/extension/profile"
	"k6suite/extension/trust"
)

// newStormCommand is for k6 itself: the process that opens very many connections.
func newStormCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "storm",
		Short:  "Open very many connections (k6 starts this itself)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			// It ends with its input: what ends k6 may be sent to it, too, and k6 still wants to hear what there was.
			signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
			p, err := profile.Load(profile.Options{})
			if err != nil {
				return couldNotRun("%v", err)
			}
			if err := storm.Serve(cmd.Context(), trust.StormConfig(p), cmd.InOrStdin(), cmd.OutOrStdout()); err != nil {
				return couldNotRun("%v", err)
			}
			return nil
		},
	}
}
