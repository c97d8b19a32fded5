// Package js adapts the extension to k6: thin classes over the packages that do the work. It and register.go are the
// only places that import k6 or sobek.
package js

import (
	"errors"

	"github.com/spf13/cobra"
	"go.k6.io/k6/v2/cmd/state"
	"go.k6.io/k6/v2/errext"
	"go.k6.io/k6/v2/errext/exitcodes"
	"go.k6.io/k6/v2/js/modules"
	"go.k6.io/k6/v2/subcommand"

	"k6suite/extension/suite"
)

// Register makes the JavaScript modules and the `k6 x suite` command known to k6. It must be called once, from an init
// function.
func Register() {
	shared := newProcess()
	modules.Register("k6/x/kafka", &kafkaModule{process: shared})
	modules.Register("k6/x/chaos", &chaosModule{process: shared})
	modules.Register("k6/x/trust", &trustModule{process: shared})
	subcommand.RegisterExtension("suite", newSuiteCommand)
}

// newSuiteCommand gives the command tree of package suite k6's way to set an exit code.
func newSuiteCommand(*state.GlobalState) *cobra.Command {
	root := suite.NewCommand()
	for _, cmd := range root.Commands() {
		run := cmd.RunE
		cmd.RunE = func(cmd *cobra.Command, args []string) error { return withExitCode(run(cmd, args)) }
	}
	return root
}

func withExitCode(err error) error {
	exit, ok := errors.AsType[*suite.ExitError](err)
	if !ok {
		return err
	}
	return errext.WithExitCodeIfNone(err, exitcodes.ExitCode(exit.Code))
}
