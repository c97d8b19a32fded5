package suite

import (
	"fmt"

	"github.com/spf13/cobra"
)

// Exit codes of `k6 x suite …`.
const (
	exitCouldNotRun  = 1
	exitFail         = 2
	exitInconclusive = 3
)

// ExitError ends the process with a code of its own, after everything has been printed.
type ExitError struct {
	Code   int
	Reason string
}

func (e *ExitError) Error() string { return e.Reason }

func couldNotRun(format string, args ...any) error {
	return &ExitError{Code: exitCouldNotRun, Reason: fmt.Sprintf(format, args...)}
}

// NewCommand gives the tree of `k6 x suite`.
func NewCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "suite",
		Short: "Judge Kafka-compatible systems: run scenarios, prove the rules, keep an embedded cluster",
		Long: `Judge Kafka-compatible systems.

Exit codes: 0 PASS, 1 could not run, 2 FAIL, 3 INCONCLUSIVE.`,
	}
	root.AddCommand(newRunCommand(), newVerifyCommand(), newLiesCommand(), newProveCommand(), newClusterCommand(), newKafkaProxyCommand(),
		newS3ProxyCommand(), newObjectStoreCommand(), newSoakCommand(), newCompatibilityCommand(), newBenchCommand(), newBareCommand(),
		newGuardCommand(), newStormCommand())
	return root
}
