package trust_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/trust"
)

// That there is no Docker engine is an error for who asks for one, and for nobody else.
func TestNoDockerEngineStopsOnlyWhoAsksForIt(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"K6_PROFILE": "kafka-local", "K6_PROFILE_CHAOS_PLATFORM": "docker", "K6_PROFILE_CHAOS_DOCKER_LABEL": "broker",
		"K6_PROFILE_CHAOS_DOCKER_HOST": "unix://" + filepath.Join(t.TempDir(), "none"),
	}
	_, err := trust.OpenTarget(t.Context(), trust.TargetOptions{Profile: load(t, env), Dir: t.TempDir()})
	require.ErrorContains(t, err, "profile kafka-local: platform docker: no Docker engine answers at "+env["K6_PROFILE_CHAOS_DOCKER_HOST"])
	require.ErrorContains(t, err, "or say where it is: chaos.docker.host of the profile, or DOCKER_HOST")
	open(t, trust.TargetOptions{Profile: load(t, map[string]string{"K6_PROFILE": "kafka-local"})})
}
