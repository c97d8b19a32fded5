package storm

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"k6suite/extension/kafka"
)

// Stage is what came of one stage.
type Stage struct {
	Asked      int     `json:"asked"`
	Open       int     `json:"open"`       // at its end: open and answered
	TurnedDown int     `json:"turnedDown"` // not open, though the cluster had been asked: it did not let them in, or not in time
	Unfinished int     `json:"unfinished"` // not open, and it is not the cluster that turned them down
	Seconds    float64 `json:"seconds"`    // until all were open, or until there was no time left
	Within     float64 `json:"within"`     // seconds that there were
	Counts     Counts  `json:"counts"`     // in this stage
	Turned     string  `json:"turned"`     // why, the last time that one was turned down
	LostWhy    string  `json:"lostWhy"`    // why, the last time that an open one was lost
}

// Report is what came of a storm.
type Report struct {
	Stages []Stage `json:"stages"`
	Again  *Stage  `json:"again,omitempty"` // after all had been closed; nil: not tried
	Counts Counts  `json:"counts"`
	Ours   string  `json:"ours"`   // what this side ran out of; "": nothing
	Lag    float64 `json:"lag"`    // seconds that this side once did not get to run: time-outs are its own then, perhaps
	Memory int64   `json:"memory"` // bytes, the most that this process had resident; 0: not known
}

// storm is one that is going on.
type storm struct {
	plan    Plan
	raw     kafka.Raw
	hello   []byte
	counts  counters
	tickets chan struct{}
	rng     *rand.Rand

	slots  []*slot
	silent int // half-open ones
	work   sync.WaitGroup
}

// Run does what the plan says, and tells watch now and then how it stands. It returns when all connections are closed. An error is one
// of the plan or of the configuration; what this side runs out of is in the report.
func Run(ctx context.Context, cfg kafka.Config, plan Plan, watch func(Counts)) (Report, error) {
	plan, err := plan.withDefaults()
	if err != nil {
		return Report{}, err
	}
	cfg.Brokers = plan.Addresses
	if plan.TLS != nil {
		cfg.TLS = plan.TLS
	}
	raw, err := cfg.Raw()
	if err != nil {
		return Report{}, err
	}
	for _, lacks := range []error{Room(plan.most()), enoughPorts(plan)} {
		if lacks != nil {
			return Report{Stages: []Stage{}, Ours: lacks.Error()}, nil
		}
	}
	s := &storm{
		plan: plan, raw: raw, hello: newHello(raw.ClientID), tickets: make(chan struct{}, atOnce),
		rng: rand.New(rand.NewPCG(uint64(plan.Seed), 0x53)),
	}
	stop := s.tell(watch)
	defer stop()
	return s.run(ctx), nil
}

func (s *storm) run(ctx context.Context) (r Report) {
	wave, closeWave := context.WithCancel(ctx)
	for _, asked := range s.plan.Stages {
		if ctx.Err() == nil {
			r.Stages = append(r.Stages, s.stage(wave, asked, s.plan.Hold))
		}
	}
	s.closeAll(closeWave)
	if s.plan.Again && ctx.Err() == nil {
		wave, closeWave := context.WithCancel(ctx)
		s.plan.HalfOpen = 0
		again := s.stage(wave, s.plan.Stages[len(s.plan.Stages)-1], 0)
		r.Again = &again
		s.closeAll(closeWave)
	}
	r.Counts, r.Memory = s.counts.snapshot(), peakMemory()
	s.counts.mu.Lock()
	defer s.counts.mu.Unlock()
	r.Ours, r.Lag = s.counts.oursWhy, s.counts.lag.Seconds()
	return r
}

// stage opens what is missing, and keeps it for a while.
func (s *storm) stage(ctx context.Context, asked int, hold time.Duration) Stage {
	before, began := s.counts.snapshot(), time.Now()
	s.counts.forget()
	for _, one := range s.slots {
		one.turned.Store(false)
	}
	for len(s.slots) < asked {
		one := &slot{storm: s, number: len(s.slots), address: s.plan.Addresses[len(s.slots)%len(s.plan.Addresses)]}
		s.slots = append(s.slots, one)
		s.work.Go(func() { one.run(ctx) })
	}
	for ; s.silent < s.plan.silent(asked); s.silent++ {
		address, abruptly := s.plan.Addresses[s.silent%len(s.plan.Addresses)], s.rng.IntN(2) == 0
		s.work.Go(func() { s.keepSilent(ctx, address, abruptly) })
	}
	s.awaitOpen(ctx, asked, began)
	stage := Stage{Asked: asked, Seconds: time.Since(began).Seconds(), Within: s.plan.Over.Seconds()}
	s.hold(ctx, hold)
	if hold > 0 {
		s.awaitOpen(ctx, asked, time.Now()) // what was closed last is given the time to come back
	}
	for _, one := range s.slots {
		switch {
		case one.alive.Load():
			stage.Open++
		case one.turned.Load():
			stage.TurnedDown++
		default:
			stage.Unfinished++
		}
	}
	stage.Counts = s.counts.snapshot().minus(before)
	s.counts.mu.Lock()
	defer s.counts.mu.Unlock()
	stage.Turned, stage.LostWhy = s.counts.turned, s.counts.lostWhy
	return stage
}

const look = 10 * time.Millisecond

// awaitOpen waits until all are open, or the time is over.
func (s *storm) awaitOpen(ctx context.Context, asked int, began time.Time) {
	for s.counts.open.Load() < int64(asked) && time.Since(began) < s.plan.Over && sleep(ctx, look) {
	}
}

const churnEvery = 100 * time.Millisecond

// hold keeps the connections, and closes some of them, in good order or not, to be opened again.
func (s *storm) hold(ctx context.Context, hold time.Duration) {
	due := 0.0
	for end := time.Now().Add(hold); time.Now().Before(end) && sleep(ctx, churnEvery); {
		for due += s.plan.Churn * float64(len(s.slots)) * churnEvery.Seconds(); due >= 1; due-- {
			if s.slots[s.rng.IntN(len(s.slots))].leave(s.rng.IntN(2) == 0) {
				s.counts.churned.Add(1)
			}
		}
	}
}

// closeAll ends every connection, and returns when all have ended.
func (s *storm) closeAll(end context.CancelFunc) {
	end()
	for _, one := range s.slots {
		one.leave(s.rng.IntN(2) == 0)
	}
	s.work.Wait()
	s.slots, s.silent = nil, 0
}

// tellEvery is how often somebody hears how it stands.
const tellEvery = 100 * time.Millisecond

// tell tells watch how it stands, and notices when this side does not get to run.
func (s *storm) tell(watch func(Counts)) (stop func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(tellEvery)
		defer tick.Stop()
		for last := time.Now(); ; {
			select {
			case <-tick.C:
				s.counts.late(time.Since(last) - tellEvery)
				watch(s.counts.snapshot())
				last = time.Now()
			case <-ended:
				watch(s.counts.snapshot())
				return
			}
		}
	}()
	return func() { close(ended); <-done }
}
