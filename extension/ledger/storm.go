package ledger

import (
	"slices"
	"sync"
	"time"
)

// Storm is what came of opening very many connections at once, for [Ledger.Storm].
type Storm struct {
	Promised  int // connections that the target promises; more than that is asked of nobody
	Stages    []StormStage
	Resources []Resource // of the target, as far as they can be read
	// Late says that whoever opened the connections did not get to run for so long that time-outs may be its own.
	Late bool
}

// StormStage is one stage of a storm, in connections.
type StormStage struct {
	Name       string // "1,000 connections", "opened again"
	Asked      int
	Open       int           // at its end, and answered
	TurnedDown int           // that the target did not let in
	TimedOut   int64         // attempts that ended without an answer; among all that failed
	Failed     int64         // attempts that failed
	Lost       int64         // open ones that the target ended
	Within     time.Duration // the time that there was
	Why        string        // attempts that failed, by kind, and the last of them in its own words
	LostWhy    string        // the last one that was lost
	Until      time.Time     // when it ended
}

// Resource is something that the target holds for its connections.
type Resource struct {
	Name    string // "open files of broker 1"
	Unit    string // "MiB"; "": a number
	Before  int64
	Most    int64         // seen in the storm
	After   int64         // the least that was seen after it, within the bound
	Allowed int64         // so much may be left
	Within  time.Duration // the bound
	At      time.Time     // when After was read
}

// stormLog keeps storms.
type stormLog struct {
	mu  sync.Mutex
	all []Storm
}

// Storm records a storm. It feeds CONNECTION_LIMIT and RESOURCE_LEAK.
func (l *Ledger) Storm(s Storm) {
	s.Stages, s.Resources = slices.Clone(s.Stages), slices.Clone(s.Resources)
	for i := range s.Stages {
		s.Stages[i].Until = l.steady(s.Stages[i].Until)
	}
	for i := range s.Resources {
		s.Resources[i].At = l.steady(s.Resources[i].At)
	}
	l.storms.mu.Lock()
	defer l.storms.mu.Unlock()
	l.storms.all = append(l.storms.all, s)
}

func (l *Ledger) stormsSeen() []Storm {
	l.storms.mu.Lock()
	defer l.storms.mu.Unlock()
	return l.storms.all[:len(l.storms.all):len(l.storms.all)]
}
