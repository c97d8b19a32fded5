// Package js adapts the extension to k6: thin classes over the packages that do the work. It and register.go are the
// only places that import k6 or sobek.
package js

import (
	_ "go.k6.io/k6/v2/js/modules"
	_ "go.k6.io/k6/v2/subcommand"
	_ "go.k6.io/k6/v2/js/modulestest"
)
