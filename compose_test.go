package k6suite_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"k6suite/extension/profile"
)

// composed is what the tests need of a Compose file.
type composed struct {
	Services map[string]struct {
		Image         string
		ContainerName string `yaml:"container_name"`
		Ports         []string
		Labels        map[string]string
		DependsOn     any `yaml:"depends_on"`
	}
}

// The Compose files and the profiles beside them name the same containers, ports and ids, and nothing is open to other machines.
func TestComposeFilesFitTheirProfiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("examples/compose/*/compose.yaml")
	require.NoError(t, err)
	require.Len(t, files, 2)
	for _, file := range files {
		c, p := compose(t, file), composeProfile(t, file)
		published, known := map[string]string{}, map[string]map[string]string{}
		for name, service := range c.Services {
			require.Regexp(t, `:[^:]*\d[^:]*$|:\$\{\w+:-v?\d[\d.]*\}$`, service.Image, "%s: %s needs a version", file, name)
			for _, port := range service.Ports {
				require.Regexp(t, `^127\.0\.0\.1:\d+:\d+$`, port, "%s: %s", file, name)
				address := port[:strings.LastIndex(port, ":")]
				require.Empty(t, published[address], "%s: %s is published twice", file, address)
				published[address] = name
			}
			known[service.ContainerName] = service.Labels
			for _, needed := range dependencies(t, service.DependsOn) {
				require.Contains(t, c.Services, needed, "%s: %s", file, name)
			}
		}
		for _, address := range p.Brokers {
			require.Contains(t, published, address, file)
		}
		for _, metrics := range p.Metrics {
			require.Contains(t, published, regexp.MustCompile(`[\d.]+:\d+`).FindString(metrics), file)
		}
		for _, b := range slices.Concat(p.Chaos.Docker.Brokers, p.Chaos.Docker.Spares) {
			require.Contains(t, known, b.Container, file)
			require.Equal(t, b.Container, c.Services[published[b.Address]].ContainerName, file)
		}
		requireLabels(t, file, c, p)
	}
}

// requireLabels checks a profile that finds its brokers by a label.
func requireLabels(t *testing.T, file string, c composed, p *profile.Profile) {
	t.Helper()
	label, value, _ := strings.Cut(p.Chaos.Docker.Label, "=")
	if label == "" {
		return
	}
	ids := map[string]string{}
	for name, service := range c.Services {
		if service.Labels[label] != value {
			continue
		}
		id := service.Labels["k6suite.broker.id"]
		require.Regexp(t, `^\d+$`, id, "%s: %s", file, name)
		require.Empty(t, ids[id], "%s: the id of %s is that of another, too", file, name)
		ids[id] = name
		require.Contains(t, p.Brokers, service.Labels["k6suite.broker.address"], "%s: %s", file, name)
	}
	require.Len(t, ids, len(p.Brokers), file)
}

func compose(t *testing.T, file string) (c composed) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, &c), file)
	require.Greater(t, len(c.Services), 2, file)
	return c
}

// composeProfile loads the one profile beside a Compose file, which has the name of its folder.
func composeProfile(t *testing.T, file string) *profile.Profile {
	t.Helper()
	dir := filepath.Dir(file)
	p, err := profile.Load(profile.Options{
		File: filepath.Join(dir, "profiles.json"), Name: filepath.Base(dir),
		Env: func(string) (string, bool) { return "", false }, Environ: []string{},
	})
	require.NoError(t, err)
	require.Equal(t, profile.DockerPlatform, p.Chaos.Platform)
	return p
}

func dependencies(t *testing.T, list any) (names []string) {
	t.Helper()
	switch list := list.(type) {
	case nil:
	case []any:
		for _, name := range list {
			names = append(names, name.(string))
		}
	case map[string]any:
		for name := range list {
			names = append(names, name)
		}
	default:
		require.Fail(t, "depends_on is neither a list nor a map")
	}
	return names
}
