// Package extension registers K6SUITE with k6: the JavaScript modules and the `k6 x suite` command.
package extension

import (
	"fmt"
	"os"

	"k6suite/extension/js"
	"k6suite/extension/suite"
)

// offline are k6's own switches that would make it ask the network at start. This binary carries all that its scripts
// import, and a run must not wait for a network that is not there. A variable that is set already is left alone.
var offline = map[string]string{
	"K6_AUTO_EXTENSION_RESOLUTION": "false", // no look-up of extensions that the binary lacks
	"K6_NO_USAGE_REPORT":           "true",
}

func init() {
	js.Register()
	for name, value := range offline {
		if _, set := os.LookupEnv(name); !set {
			_ = os.Setenv(name, value)
		}
	}
	if args, rewritten := suite.RewriteRun(os.Args); rewritten {
		fmt.Fprintln(os.Stderr, "k6 runs one script at a time: handing these to `k6 x suite run`, which runs one after the other")
		os.Args = args
	}
}
