package suite

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k6suite/extension/contract"
)

// soak is what a soak saves as soak.json.
type soak struct {
	Version     int             `json:"version"` // of this shape: 1
	ID          string          `json:"id"`
	Profile     string          `json:"profile"`
	Script      string          `json:"script"`
	Length      string          `json:"length"` // K6_CHAOS_LENGTH
	Minutes     float64         `json:"minutes"`
	FirstSeed   int64           `json:"firstSeed"`
	Began       time.Time       `json:"began"`
	Ended       time.Time       `json:"ended"`
	Interrupted bool            `json:"interrupted,omitempty"`
	Status      contract.Status `json:"status"` // of the last round; "": it could not be judged
	Rounds      []soakRound     `json:"rounds"`
	Acked       int64           `json:"acked"`
	Faults      int             `json:"faults"`
	Hits        int64           `json:"hits"`
	Memory      memoryTrend     `json:"memory"`
	Replay      string          `json:"replay,omitempty"` // of the round that was not PASS
}

// soakRound is one run of the script.
type soakRound struct {
	Seed    int64           `json:"seed"`
	Run     string          `json:"run"`
	Status  contract.Status `json:"status"` // "": there is no verdict
	Seconds float64         `json:"seconds"`
	Acked   int64           `json:"acked"`
	Faults  int             `json:"faults"`
	Hits    int64           `json:"hits"`
	PeakMiB float64         `json:"peakMiB"` // resident memory of k6; 0: could not be measured
	Log     string          `json:"log"`
	Error   string          `json:"error,omitempty"`
}

func (r soakRound) text() string {
	if r.Error != "" {
		return fmt.Sprintf("could not run after %.1f s: %s", r.Seconds, r.Error)
	}
	return fmt.Sprintf("%s  %.1f s, %d records acked, %d faults with %d hits, k6 took %.1f MiB",
		r.Status, r.Seconds, r.Acked, r.Faults, r.Hits, r.PeakMiB)
}

// conclude sums the rounds up.
func (s *soak) conclude(now time.Time) {
	s.Ended = now.UTC()
	peaks := make([]float64, 0, len(s.Rounds))
	for _, r := range s.Rounds {
		s.Acked += r.Acked
		s.Faults += r.Faults
		s.Hits += r.Hits
		peaks = append(peaks, r.PeakMiB)
	}
	s.Memory = trendOf(peaks)
	if s.Status == contract.Fail || s.Status != contract.Pass && !s.Interrupted {
		s.Replay = s.replay(s.Rounds[len(s.Rounds)-1].Seed)
	}
}

func (s *soak) replay(seed int64) string {
	length := ""
	if s.Length != "short" {
		length = " K6_CHAOS_LENGTH=" + s.Length
	}
	return fmt.Sprintf("K6_PROFILE=%s K6_SEED=%d%s ./k6 run %s", s.Profile, seed, length, s.Script)
}

// passed counts the rounds that were PASS.
func (s *soak) passed() (n int) {
	for _, r := range s.Rounds {
		if r.Status == contract.Pass {
			n++
		}
	}
	return n
}

func (s *soak) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Soak %s of %s on profile %s, from %s to %s UTC\n", s.ID, s.Script, s.Profile,
		s.Began.Format(time.DateTime), s.Ended.Format(time.DateTime))
	seeds := "no seed"
	if len(s.Rounds) > 0 {
		seeds = fmt.Sprintf("seeds %d to %d", s.FirstSeed, s.Rounds[len(s.Rounds)-1].Seed)
	}
	fmt.Fprintf(&b, "rounds   %d of %d PASS, %s, %.1f min\n", s.passed(), len(s.Rounds), seeds, s.Ended.Sub(s.Began).Minutes())
	fmt.Fprintf(&b, "records  %d acked; %d faults with %d hits\n", s.Acked, s.Faults, s.Hits)
	fmt.Fprintf(&b, "memory   %s\n", s.Memory.text())
	if s.Replay != "" {
		last := s.Rounds[len(s.Rounds)-1]
		fmt.Fprintf(&b, "\nround %d was not PASS: %s\nlog      %s\nreplay   %s\n", len(s.Rounds), last.text(), last.Log, s.Replay)
	}
	if s.Interrupted {
		b.WriteString("\ninterrupted before the minutes were over\n")
	}
	return b.String()
}

func (s *soak) save(dir, text string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("results folder: %w", err)
	}
	summary, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("summary of the soak: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "soak.json"), append(summary, '\n'), 0o644); err != nil {
		return fmt.Errorf("saving the soak: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "soak.txt"), []byte(text), 0o644); err != nil {
		return fmt.Errorf("saving the soak: %w", err)
	}
	return nil
}

// exit says what the soak has shown. Only PASS in every round is one: what is not claimed was not tried.
func (s *soak) exit() error {
	switch {
	case s.Interrupted && s.Status != contract.Fail: // a finding stands, whenever it was made
		return &ExitError{Code: exitInconclusive, Reason: "interrupted before the minutes were over"}
	case s.Status == contract.NotClaimed:
		return couldNotRun("profile %s claims nothing of what %s judges: nothing was shown", s.Profile, s.Script)
	case s.Status != contract.Pass && s.Status.ExitCode() == exitCouldNotRun:
		return couldNotRun("a round could not be judged: %s", s.Replay)
	case s.Status != contract.Pass:
		return &ExitError{Code: s.Status.ExitCode(), Reason: fmt.Sprintf("a round is %s: %s", s.Status, s.Replay)}
	case s.Memory.Trend == trendGrowing:
		return &ExitError{Code: exitInconclusive, Reason: "memory grows from round to round: " + s.Memory.text()}
	}
	return nil
}
