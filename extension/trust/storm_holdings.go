package trust

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"k6suite/extension/kafka/storm"
	"k6suite/extension/ledger"
)

const (
	// spareHandles may be left of what a storm took, and one for a hundred connections: other things go on meanwhile.
	spareHandles   = 50
	spareHandlesOf = 100
	mebi           = 1 << 20
)

// holdings are what the target holds for its connections, as far as it can be read.
type holdings struct {
	read   func(context.Context) map[string]int64
	order  []string
	kept   map[string]*ledger.Resource
	within time.Duration
	notes  []string
}

// holdings looks at what the target holds before a storm.
func (t *Target) holdings(ctx context.Context) *holdings {
	limits := t.Profile.Limits
	h := &holdings{read: t.held, kept: map[string]*ledger.Resource{}, within: time.Duration(limits.Release)}
	for name, n := range t.held(ctx) {
		h.kept[name] = &ledger.Resource{Name: name, Before: n, Most: n, After: n, Allowed: n + spareHandles, Within: h.within}
		if strings.HasPrefix(name, memoryOf) {
			h.kept[name].Unit, h.kept[name].Allowed = "MiB", n+int64(limits.MemoryKept)
		}
		h.order = append(h.order, name)
	}
	slices.Sort(h.order)
	if len(h.order) == 0 {
		h.notes = append(h.notes, "whether the target gives back connections, open files and memory cannot be read: the profile names no "+
			"metrics with process_open_fds, and its brokers are no processes of its own on this machine")
	}
	return h
}

// allow makes room for what a storm of so many connections may leave.
func (h *holdings) allow(connections int) {
	for name, r := range h.kept {
		if !strings.HasPrefix(name, memoryOf) {
			r.Allowed += int64(connections / spareHandlesOf)
		}
	}
}

// more looks at what is held in the storm.
func (h *holdings) more(ctx context.Context) {
	for name, n := range h.read(ctx) {
		if r := h.kept[name]; r != nil {
			r.Most = max(r.Most, n)
		}
	}
}

// back looks at what is held after the storm, and reports whether no more of it than may be.
func (h *holdings) back(ctx context.Context) bool {
	now, all := h.read(ctx), true
	for name, r := range h.kept {
		n, ok := now[name]
		if ok {
			if r.At.IsZero() || n < r.After {
				r.After = n
			}
			r.At = time.Now()
		}
		all = all && ok && r.After <= r.Allowed
	}
	return all
}

// resources are what was read before and after.
func (h *holdings) resources() (all []ledger.Resource) {
	for _, name := range h.order {
		if r := h.kept[name]; !r.At.IsZero() {
			all = append(all, *r)
		} else {
			h.notes = append(h.notes, name+" could be read before the storm, and not after it")
		}
	}
	return all
}

func (h *holdings) words() (all []string) {
	for _, name := range h.order {
		r := h.kept[name]
		unit := ""
		if r.Unit != "" {
			unit = " " + r.Unit
		}
		all = append(all, fmt.Sprintf("%s: %d%s before the storm of connections, %d in it, %d after it; %d may be left",
			name, r.Before, unit, r.Most, r.After, r.Allowed))
	}
	return all
}

const memoryOf = "memory of "

// held reads what the target holds: from its metrics, and from its processes where they are the profile's own.
func (t *Target) held(ctx context.Context) map[string]int64 {
	held := map[string]int64{}
	for _, url := range t.Metrics {
		figures := scrape(ctx, url)
		if t.embedded != nil { // its process is this one, where clients are, too
			if n, ok := figures["k6suite_embedded_connections"]; ok {
				held["connections of the embedded target"] = int64(n)
			}
			continue
		}
		if n, ok := figures["process_open_fds"]; ok {
			held["open files of "+url] = int64(n)
		}
		if n, ok := figures["process_resident_memory_bytes"]; ok {
			held[memoryOf+url] = int64(n) / mebi
		}
	}
	if p, ok := t.platform.(interface{ Processes() map[int32][]int }); ok {
		for id, pids := range p.Processes() {
			files, memory := 0, int64(0)
			for _, pid := range pids {
				files += openFiles(pid)
				memory += resident(pid)
			}
			if files > 0 {
				held[fmt.Sprintf("open files of broker %d", id)] = int64(files)
			}
			if memory > 0 {
				held[fmt.Sprintf("%sbroker %d", memoryOf, id)] = memory / mebi
			}
		}
	}
	return held
}

// scrape reads the samples without labels of a Prometheus endpoint; none where it does not answer.
func scrape(ctx context.Context, url string) map[string]float64 {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil
	}
	defer answer.Body.Close()
	figures := map[string]float64{}
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if n, err := strconv.ParseFloat(value, 64); err == nil && !math.IsNaN(n) {
			figures[name] = n
		}
	}
	return figures
}

// openFiles counts the file descriptors of a process of this machine; 0 where that cannot be read.
func openFiles(pid int) int {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return 0
	}
	return len(entries)
}

// resident is the memory of a process of this machine, in bytes; 0 where that cannot be read.
func resident(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// room makes sure that this process can hold its part of a storm: the embedded target and proxies run in it.
func (t *Target) room(plan storm.Plan) error {
	most := 0
	for _, n := range plan.Stages {
		most = max(most, n+int(plan.HalfOpen*float64(n)))
	}
	const others = 1000 // the run's own clients, and what the target opens for them
	switch {
	case t.embedded != nil:
	case t.proxy != nil:
		most *= 2 // one to the client, one to the broker
	default:
		return nil
	}
	if err := storm.Room(most + others); err != nil {
		return fmt.Errorf("this process, in which the target's end of each connection is: %w", err)
	}
	return nil
}
