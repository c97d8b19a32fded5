package js

import (
	"testing"

	"github.com/grafana/sobek"
	"github.com/stretchr/testify/require"
)

func TestNumbersOfOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		`({ part: 0.5, wholes: [1, 2] })`: "",
		`({ part: 1, wholes: 7 })`:        "",
		`undefined`:                       "",
		`({ part: 1.01 })`:                "Thing: part must be a number from 0 to 1, not 1.01",
		`({ part: -1 })`:                  "Thing: part must be a number from 0 to 1, not -1",
		`({ part: NaN })`:                 "Thing: part must be a number from 0 to 1, not NaN",
		`({ part: "1" })`:                 "Thing: part must be a number from 0 to 1, not string",
		`({ wholes: [1, 11] })`:           "Thing: wholes must be between 1 and 10, not 11",
		`({ wholes: 0 })`:                 "Thing: wholes must be between 1 and 10, not 0",
		`({ wholes: [1.5] })`:             "Thing: wholes must be a whole number, or several in an array",
		`({ wholes: "all" })`:             "Thing: wholes must be a whole number, or several in an array, not string",
	} {
		rt := sobek.New()
		value, err := rt.RunString(script)
		require.NoError(t, err)
		var (
			part   float64
			wholes []int
		)
		o := readOptions(rt, "Thing", value)
		o.part("part", &part)
		o.wholes("wholes", &wholes, 1, 10)
		if want == "" {
			require.NoError(t, o.done(), script)
		} else {
			require.ErrorContains(t, o.done(), want, script)
		}
	}
}
