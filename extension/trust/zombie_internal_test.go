package trust

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/profile"
)

// Only who asks brokers at their own addresses, on a target that keeps what it answers, may be answered as of old by one that was frozen.
func TestWhoMayAnswerAsOfOld(t *testing.T) {
	t.Parallel()
	const pause, kill = `{"broker": 1, "action": "pause"}`, `{"broker": 1, "action": "kill"}`
	for _, c := range []struct {
		name   string
		claims profile.Claims
		fault  string
		want   bool
	}{
		{"a pause, own addresses", profile.Claims{}, pause, true},
		{"a kill", profile.Claims{}, kill, false},
		{"one address", profile.Claims{SingleEndpoint: true}, pause, false},
		{"stateless brokers", profile.Claims{Stateless: true}, pause, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			loaded, err := profile.Load(profile.Options{Env: func(string) (string, bool) { return "", false }})
			require.NoError(t, err)
			target, err := OpenTarget(t.Context(), TargetOptions{Profile: loaded})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, target.Close()) })
			fault, err := target.Faults().Inject(t.Context(), []byte(c.fault))
			require.NoError(t, err)
			loaded.Claims = c.claims
			require.Equal(t, c.want, (&Run{target: target}).mayAnswerAsOfOld(fault))
		})
	}
}
