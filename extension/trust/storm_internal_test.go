package trust

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/kafka/storm"
	"k6suite/extension/profile"
)

// metricsOf is a target whose metrics say what it holds.
func metricsOf(t *testing.T, files, memory *atomic.Int64) *Target {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# HELP process_open_fds x\nprocess_open_fds %d\nprocess_resident_memory_bytes %e\nother{a=\"b\"} 7\n",
			files.Load(), float64(memory.Load()))
	}))
	t.Cleanup(s.Close)
	return &Target{
		Metrics: []string{s.URL},
		Profile: &profile.Profile{Limits: profile.Limits{Release: profile.Duration(time.Second), MemoryKept: 10}},
	}
}

func TestWhatATargetHoldsIsReadFromItsMetrics(t *testing.T) {
	t.Parallel()
	var files, memory atomic.Int64
	files.Store(40)
	memory.Store(100 << 20)
	h := metricsOf(t, &files, &memory).holdings(t.Context())
	h.allow(1000)
	files.Store(1040)
	h.more(t.Context())
	files.Store(101)
	require.False(t, h.back(t.Context()))
	files.Store(100)
	memory.Store(110 << 20)
	require.True(t, h.back(t.Context()))
	require.Len(t, h.resources(), 2)
	for _, r := range h.resources() {
		switch r.Unit {
		case "":
			require.Equal(t, []int64{40, 1040, 100, 100}, []int64{r.Before, r.Most, r.After, r.Allowed})
		default:
			require.Equal(t, []int64{100, 100, 100, 110}, []int64{r.Before, r.Most, r.After, r.Allowed}, "MiB")
		}
	}
	require.Empty(t, h.notes)
}

func TestWhatCannotBeReadIsANote(t *testing.T) {
	t.Parallel()
	h := (&Target{Profile: &profile.Profile{}}).holdings(t.Context())
	require.Len(t, h.notes, 1)
	require.Empty(t, h.resources())
	var files, memory atomic.Int64
	h = metricsOf(t, &files, &memory).holdings(t.Context())
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.False(t, h.back(gone))
	require.Empty(t, h.resources(), "nobody is blamed for what was not read after it")
	require.Len(t, h.notes, 2)
}

func TestProcessesAreRead(t *testing.T) {
	t.Parallel()
	require.Positive(t, openFiles(os.Getpid()))
	require.Greater(t, resident(os.Getpid()), int64(1<<20))
	require.Zero(t, openFiles(1<<30))
	require.Zero(t, resident(1<<30))
}

func TestThisProcessNeedsRoomForItsPart(t *testing.T) {
	t.Parallel()
	require.NoError(t, (&Target{}).room(storm.Plan{Stages: []int{1 << 30}}), "the target is elsewhere")
}
