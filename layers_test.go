package k6suite_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "k6suite"

// layers says which packages of the project each one may import. A package that is not in it fails the test: put it where it
// belongs, so that imports run one way.
func layers() map[string][]string {
	const (
		graph     = "extension/internal/graph"
		wholefile = "extension/internal/wholefile"
		nearest   = "extension/internal/nearest"
		strict    = "extension/internal/strictjson"
		http      = "extension/internal/httpcontrol"
		wire      = "extension/internal/wire"
		batches   = "extension/internal/recordbatch"
		proxy     = "extension/chaos/kafkaproxy"
		chaos     = "extension/chaos"
		platform  = "extension/chaos/platform"
		process   = "extension/chaos/platform/process"
		docker    = "extension/chaos/platform/docker"
		guard     = "extension/chaos/platform/guard"
		procgroup = "extension/internal/procgroup"
		quorum    = "extension/internal/quorum"
		access    = "extension/access"
		ledger    = "extension/ledger"
		profile   = "extension/profile"
		s3proxy   = "extension/chaos/s3proxy"
		store     = "extension/objectstore"
		kafka     = "extension/kafka"
		storm     = "extension/kafka/storm"
		contract  = "extension/contract"
		certs     = "extension/certs"
		embedded  = "extension/embedded"
		report    = "extension/report"
		saved     = "extension/saved"
		foreign   = "extension/foreign"
		trust     = "extension/trust"
		suite     = "extension/suite"
		js        = "extension/js"
		extension = "extension"
	)
	return map[string][]string{
		"":        {extension},
		extension: {js, suite},
		js: {
			suite, trust, report, embedded, contract, kafka, storm, store, chaos, platform, process, docker, proxy, s3proxy, profile, ledger,
			nearest, "config",
		},
		suite: {
			trust, saved, foreign, report, embedded, contract, storm, store, chaos, platform,
			process, docker, guard, proxy, s3proxy, profile, ledger,
		},
		trust: {
			access, saved, report, embedded, contract, kafka, storm, store, chaos,
			platform, process, docker, proxy, s3proxy, profile, ledger,
		},
		access:    {kafka, ledger},
		saved:     {contract, ledger, graph, wholefile},
		foreign:   {ledger},
		report:    {contract, ledger, wholefile},
		embedded:  {certs, store, platform, proxy, s3proxy, wire, batches, nearest},
		chaos:     {platform, proxy, s3proxy, profile, nearest, strict},
		platform:  {profile, nearest},
		process:   {platform, guard, procgroup, profile},
		docker:    {platform, profile},
		guard:     {procgroup},
		contract:  {ledger},
		kafka:     {quorum},
		quorum:    nil,
		graph:     nil,
		wholefile: nil,
		storm:     {kafka, wire},
		certs:     nil,
		store:     nil,
		proxy:     {wire, batches, nearest, strict, http, quorum},
		s3proxy:   {nearest, strict, http},
		profile:   {nearest, "config"},
		ledger:    nil,
		nearest:   nil,
		strict:    {nearest},
		http:      nil,
		procgroup: nil,
		wire:      nil,
		batches:   nil,
		"config":  nil,

		"scripts/kafka-secrets": {certs},
	}
}

// testLayers says what test files may import beyond that, to prove that two packages fit. None may reach up to k6.
func testLayers() map[string][]string {
	return map[string][]string{
		"": {"config", "extension/contract", "extension/embedded", "extension/ledger", "extension/profile"},
		"extension/ledger": { // what is saved and read back is judged alike
			"extension/contract", "extension/internal/graph", "extension/saved",
		},
		"extension/kafka":            {"extension/certs"},              // servers with certificates, good and bad ones
		"extension/chaos/s3proxy":    {"extension/objectstore"},        // a real S3 server behind the proxy
		"extension/chaos/kafkaproxy": {"extension/embedded"},           // a cluster whose records survive its brokers
		"extension/js":               {"extension", "extension/certs"}, // whole k6 processes, with what xk6 builds into them; targets with TLS
		"extension/access":           {"extension/embedded"},           // a target that knows who may do what
	}
}

// k6Prefixes are the imports that only extension/js and extension/register.go may have.
func k6Prefixes() []string { return []string{"go.k6.io/k6", "github.com/grafana/sobek"} }

type imported struct {
	file, dir, path string
	test            bool
}

func TestImportsRunOneWay(t *testing.T) {
	t.Parallel()
	all := imports(t)
	require.Greater(t, len(all), 100, "the test looks at the wrong folder")
	require.Empty(t, forbidden(all))
}

func TestForbiddenImportsAreFound(t *testing.T) {
	t.Parallel()
	for _, i := range []imported{
		{dir: "extension/trust", path: "go.k6.io/k6/v2/js/modules"},
		{dir: "extension/trust", path: "go.k6.io/k6/v2/js/modulestest", test: true},
		{dir: "extension/kafka", path: "github.com/grafana/sobek"},
		{dir: "extension", file: "extension/other.go", path: "go.k6.io/k6/v2/subcommand"},
		{dir: "extension/ledger", path: "k6suite/extension/kafka"},
		{dir: "extension/contract", path: "k6suite/extension/trust"},
		{dir: "extension/contract/internal/x", path: "k6suite/extension/profile"},
		{dir: "extension/embedded", path: "k6suite/extension/kafka", test: true},
		{dir: "extension/ledger", path: "k6suite"},
		{dir: "extension/nowhere", path: "k6suite/extension/ledger"},
	} {
		require.NotEmpty(t, forbidden([]imported{i}), "%+v", i)
	}
	require.Empty(t, forbidden([]imported{
		{dir: "extension/js", path: "go.k6.io/k6/v2/js/modules"},
		{dir: "extension", file: "extension/register.go", path: "go.k6.io/k6/v2/subcommand"},
		{dir: "extension/objectstore/internal/x", path: "k6suite/extension/objectstore"},
		{dir: "extension/chaos/s3proxy", path: "k6suite/extension/objectstore", test: true},
		{dir: "extension/ledger", path: "strings"},
	}))
}

// forbidden gives a sentence for each import that breaks a layer.
func forbidden(all []imported) []string {
	var out []string
	for _, i := range all {
		if slices.ContainsFunc(k6Prefixes(), func(p string) bool { return strings.HasPrefix(i.path, p) }) &&
			i.dir != "extension/js" && i.file != "extension/register.go" {
			out = append(out, fmt.Sprintf("%s imports %s, which only extension/js and extension/register.go may", i.file, i.path))
		}
		if i.path != module && !strings.HasPrefix(i.path, module+"/") {
			continue
		}
		from, to := owner(i.dir), owner(strings.TrimPrefix(strings.TrimPrefix(i.path, module), "/"))
		below, known := layers()[from]
		if i.test {
			below = slices.Concat(below, testLayers()[from])
		}
		switch {
		case from == to || slices.Contains(below, to):
		case !known:
			out = append(out, fmt.Sprintf("%s: package %q has no layer: add it to layers_test.go", i.file, from))
		default:
			out = append(out, fmt.Sprintf("%s imports %s, which is not below it", i.file, to))
		}
	}
	return out
}

// owner gives the package that an internal package belongs to: it stands in its owner's layer. Those of extension itself are
// small helpers for all, and have layers of their own.
func owner(dir string) string {
	if strings.HasPrefix(dir, "extension/internal/") {
		return dir
	}
	before, _, _ := strings.Cut(dir, "/internal")
	return before
}

func TestLayersRunOneWay(t *testing.T) {
	t.Parallel()
	var below func(p string, path []string)
	below = func(p string, path []string) {
		require.NotContains(t, path, p, "the layers have a circle")
		for _, next := range layers()[p] {
			require.Contains(t, layers(), next)
			below(next, append(slices.Clone(path), p))
		}
	}
	for p := range layers() {
		below(p, nil)
	}
}

// imports gives what every Go file of the module imports, test files included, tools/ and what is ignored left out.
func imports(t *testing.T) []imported {
	t.Helper()
	var out []imported
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != "." && (strings.HasPrefix(entry.Name(), ".") || slices.Contains([]string{"tools", "node_modules", "results"}, entry.Name())) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		dir := path.Dir(name)
		if dir == "." {
			dir = ""
		}
		for _, spec := range file.Imports {
			imported := imported{file: name, dir: dir, test: strings.HasSuffix(name, "_test.go")}
			if imported.path, err = strconv.Unquote(spec.Path.Value); err != nil {
				return err
			}
			out = append(out, imported)
		}
		return nil
	})
	require.NoError(t, err)
	return out
}
