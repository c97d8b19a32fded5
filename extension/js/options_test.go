package js

import (
	"testing"
	"time"

	"github.com/grafana/sobek"
	"github.com/stretchr/testify/require"
)

func TestOptionsSayWhichKeyIsWrongAndWhatIsAllowed(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		`({ name: "a", count: 3, on: true, after: "5s", list: ["x"] })`: "",
		`undefined`:              "",
		`({ after: 250 })`:       "",
		`7`:                      "Thing: options must be an object",
		`[]`:                     "Thing: options must be an object, not an array",
		`({ name: 7 })`:          "Thing: name must be a string",
		`({ mode: "slow" })`:     `Thing: mode must be one of fast, safe, not "slow"`,
		`({ count: 1.5 })`:       "Thing: count must be a whole number",
		`({ count: "3" })`:       "Thing: count must be a whole number",
		`({ count: 0 })`:         "Thing: count must be between 1 and 10, not 0",
		`({ on: "yes" })`:        "Thing: on must be true or false",
		`({ after: "soon" })`:    `Thing: after must be a duration such as "5s" or "250ms", or a number of milliseconds, not "soon"`,
		`({ after: -1 })`:        "Thing: after must not be negative",
		`({ list: "x" })`:        "Thing: list must be an array of strings",
		`({ list: [1] })`:        "Thing: list must be an array of strings, but holds 1",
		`({ coumt: 3 })`:         `Thing: unknown option "coumt": did you mean "count"?`,
		`({ somethingelse: 3 })`: `Thing: unknown option "somethingelse": known are name, mode, count, on, after, list`,
	} {
		rt := sobek.New()
		value, err := rt.RunString(script)
		require.NoError(t, err)
		var (
			name, mode string
			count      int
			on         bool
			after      time.Duration
			list       []string
		)
		o := readOptions(rt, "Thing", value)
		o.text("name", &name)
		o.text("mode", &mode, "fast", "safe")
		whole(o, "count", &count, 1, 10)
		o.boolean("on", &on)
		o.duration("after", &after)
		o.texts("list", &list)
		if want == "" {
			require.NoError(t, o.done(), script)
		} else {
			require.ErrorContains(t, o.done(), want, script)
		}
	}
}
