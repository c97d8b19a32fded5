package js

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos"
)

// What types/chaos.d.ts declares of faults and plans is what is read: no key more, and none less.
func TestDeclarationsHaveTheKeysThatAreRead(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "types", "chaos.d.ts"))
	require.NoError(t, err)
	for what, test := range map[string]struct {
		interfaces []string
		read       error
	}{
		"wire":      {[]string{"KafkaSelector", "KafkaFault"}, chaos.Check([]byte(`{"api": "Produce", "action": "delay", "?": 1}`))},
		"storage":   {[]string{"StorageFault"}, chaos.Check([]byte(`{"storage": "*", "action": "delay", "?": 1}`))},
		"processes": {[]string{"TakesBrokers", "BrokerFault", "Restart", "Roll", "Scale"}, chaos.Check([]byte(`{"action": "kill", "?": 1}`))},
		"plan":      {[]string{"PlanList", "PlanByChance"}, second(chaos.NewPlan([]byte(`{"?": 1}`)))},
	} {
		var declared []string
		for _, name := range test.interfaces {
			declared = append(declared, declaredKeys(t, string(text), name)...)
		}
		declared = slices.DeleteFunc(declared, func(key string) bool { return what == "plan" && key == "text" }) // taken off before
		slices.Sort(declared)
		known := keysIn(t, test.read)
		slices.Sort(known)
		require.Equal(t, known, slices.Compact(declared), what)
	}
}

func second[T any](_ T, err error) error { return err }

// keysIn are the keys that an error says there are.
func keysIn(t *testing.T, err error) []string {
	t.Helper()
	require.ErrorContains(t, err, `unknown key "?"`)
	_, list, ok := strings.Cut(err.Error(), "(there are: ")
	require.True(t, ok, err)
	return strings.Split(strings.TrimSuffix(list, ")"), ", ")
}

// declaredKeys are the members of an interface.
func declaredKeys(t *testing.T, text, name string) (keys []string) {
	t.Helper()
	_, body, ok := strings.Cut(text, "interface "+name+" ")
	require.True(t, ok, name)
	body, _, ok = strings.Cut(body, "\n  }\n")
	require.True(t, ok, name)
	for _, member := range regexp.MustCompile(`(?m)^    (\w+)\??:`).FindAllStringSubmatch(body, -1) {
		keys = append(keys, member[1])
	}
	require.NotEmpty(t, keys, name)
	return keys
}
