package suite

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	memoryEvery  = 250 * time.Millisecond
	leastRounds  = 6    // fewer peaks tell nothing
	growthFactor = 1.25 // of the median of the first third
	growthMiB    = 48   // and at least this much: plans differ, and so do their peaks
)

// peakMemory follows what a process took at most. The kernel's own account at the end of a process would not do: it counts what the
// process was before it became k6, and what the brokers that it had started took.
type peakMemory struct {
	mu       sync.Mutex
	kibibyte int64
}

// watch looks now and again until the process has ended; the last look before counts.
func (p *peakMemory) watch(pid int) (ended func()) {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(memoryEvery)
		defer ticker.Stop()
		for {
			p.look(pid)
			select {
			case <-stop:
				return
			case <-ticker.C:
			}
		}
	}()
	return func() { close(stop); <-done }
}

func (p *peakMemory) look(pid int) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return // it has ended, or there is no /proc
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kibibyte = max(p.kibibyte, highWater(string(status)))
}

// highWater reads the line "VmHWM:   1234 kB".
func highWater(status string) int64 {
	for line := range strings.Lines(status) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmHWM:" {
			n, _ := strconv.ParseInt(fields[1], 10, 64)
			return n
		}
	}
	return 0
}

// mebibytes is the peak, 0 if it could not be read.
func (p *peakMemory) mebibytes() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return math.Round(float64(p.kibibyte)/102.4) / 10
}

// memoryTrend compares the first third of the rounds with the last.
type memoryTrend struct {
	Trend    string  `json:"trend"` // flat, growing, or unknown
	FirstMiB float64 `json:"firstMiB,omitempty"`
	LastMiB  float64 `json:"lastMiB,omitempty"`
	MostMiB  float64 `json:"mostMiB,omitempty"`
}

const (
	trendFlat    = "flat"
	trendGrowing = "growing"
	trendUnknown = "unknown"
)

// trendOf judges the peaks of the rounds, in their order; what could not be measured is 0 and left out.
func trendOf(peaks []float64) memoryTrend {
	peaks = slices.DeleteFunc(slices.Clone(peaks), func(p float64) bool { return p == 0 })
	if len(peaks) == 0 {
		return memoryTrend{Trend: trendUnknown}
	}
	t := memoryTrend{Trend: trendUnknown, MostMiB: slices.Max(peaks)}
	if len(peaks) < leastRounds {
		return t
	}
	third := len(peaks) / 3
	t.FirstMiB, t.LastMiB, t.Trend = median(peaks[:third]), median(peaks[len(peaks)-third:]), trendFlat
	if t.LastMiB > t.FirstMiB*growthFactor && t.LastMiB > t.FirstMiB+growthMiB {
		t.Trend = trendGrowing
	}
	return t
}

func (t memoryTrend) text() string {
	switch {
	case t.MostMiB == 0:
		return "not measured: there is no /proc here"
	case t.Trend == trendUnknown:
		return fmt.Sprintf("at most %.1f MiB; fewer than %d rounds do not tell whether it grows", t.MostMiB, leastRounds)
	default:
		return fmt.Sprintf("%s: median of the first third of the rounds %.1f MiB, of the last third %.1f MiB, at most %.1f MiB",
			t.Trend, t.FirstMiB, t.LastMiB, t.MostMiB)
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
