package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	savedrun "k6suite/extension/saved"
)

// BenchmarkVerify10M judges a saved run of ten million records with two complete final reads, from its file to its verdict: by the binary
// that K6SUITE_BENCH_K6 names, start of the process included, or else in this process. Wanted are 3 million records a second on 2 cores.
func BenchmarkVerify10M(b *testing.B) {
	var table bounds
	for _, p := range patterns {
		b.Run(p.name, func(b *testing.B) {
			file := filepath.Join(b.TempDir(), savedrun.File)
			size := p.save(b, file)
			b.ResetTimer()
			for range b.N {
				start := time.Now()
				peak := verifyFile(b, file)
				rate := tracked / 1e6 / time.Since(start).Seconds()
				b.ReportMetric(rate, "Mrecords/s")
				b.ReportMetric(peak, "MiB-peak")
				table.row("verify a saved run of 10 M records, "+p.name+", M/s", rate, "≥ 3")
			}
			b.ReportMetric(size, "MiB-file")
			b.ReportMetric(0, "ns/op")
		})
	}
	fmt.Fprint(os.Stdout, table.String())
}

// save saves a run of ten million records, and gives the size of its file in MiB.
func (p pattern) save(b *testing.B, file string) float64 {
	b.Helper()
	l := p.begin()
	p.settle(l, tracked)
	p.read(l, "a", tracked)
	p.read(l, "b", tracked)
	run := &savedrun.Run{Ledger: l, Input: contract.Input{Script: "produce_consume", Run: "bench", Profile: "embedded"}}
	require.NoError(b, savedrun.Write(file, run))
	about, err := os.Stat(file)
	require.NoError(b, err)
	return float64(about.Size()) / (1 << 20)
}

// verifyFile judges a saved run, and gives the memory of the process that did it at its peak, in MiB; 0 where it was this one.
func verifyFile(b *testing.B, file string) float64 {
	b.Helper()
	binary := os.Getenv("K6SUITE_BENCH_K6")
	if binary == "" {
		run, _, err := savedrun.Read(file)
		require.NoError(b, err)
		_, err = run.Judge()
		require.NoError(b, err)
		return 0
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(b.Context(), binary, "x", "suite", "verify", file)
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(b, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for peak := 0.0; ; peak = max(peak, peakOf(cmd.Process.Pid)) {
		select {
		case err := <-ended:
			var exit *exec.ExitError
			if errors.As(err, &exit) && exit.ExitCode() == 3 {
				err = nil // it has no contract to keep, and so no verdict but this
			}
			require.NoError(b, err, out.String())
			return peak
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// peakOf is the most memory that a process has taken so far, in MiB; 0 where the system does not say. What it says of a process that has
// ended is no less than what the one that started it took.
func peakOf(pid int) float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kib := 0.0
	_, _ = fmt.Sscan(rest, &kib)
	return kib / (1 << 10)
}
