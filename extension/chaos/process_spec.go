package chaos

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k6suite/extension/chaos/kafkaproxy"
	"k6suite/extension/internal/nearest"
	"k6suite/extension/internal/strictjson"
)

// processAction is what a fault does to brokers.
type processAction string

// The actions.
const (
	actKill    processAction = "kill"    // SIGKILL, and started again, empty, when the fault ends
	actStop    processAction = "stop"    // SIGTERM, and started again when the fault ends
	actPause   processAction = "pause"   // SIGSTOP, and SIGCONT when the fault ends
	actRestart processAction = "restart" // killed, or stopped, and started at once
	actRoll    processAction = "roll"    // all brokers restarted, one after the other
	actScale   processAction = "scale"   // brokers added or removed
)

func processActions() []string {
	return wordsOf(actKill, actStop, actPause, actRestart, actRoll, actScale)
}

// defaultGap is between two brokers of a roll.
const defaultGap = time.Second

// processSpec is one fault on brokers.
type processSpec struct {
	Broker selector      `json:"broker"`
	Action processAction `json:"action"`
	// For is how long brokers are away, or as many as scale says. Default: until the fault is stopped.
	For kafkaproxy.Duration `json:"for"`
	// Signal of kill: "SIGKILL", the default. The others have actions of their own.
	Signal string `json:"signal"`
	// Graceful: restart and roll ask a broker to end (SIGTERM). Default: false for restart, true for roll.
	Graceful *bool `json:"graceful"`
	// Pause is what roll waits after a broker serves again, before the next one. Default: "1s".
	Pause *kafkaproxy.Duration `json:"pause"`
	// Brokers is how many there are to be, for scale.
	Brokers int `json:"brokers"`
	// Times and Every: a round every so often, each with a selection of its own. Default: one.
	Times int                 `json:"times"`
	Every kafkaproxy.Duration `json:"every"`
	// Probability with which each round comes about, in (0, 1]. Default: 1.
	Probability float64 `json:"probability"`
	// Seed of what is left to chance. Default: the controller's.
	Seed *int64 `json:"seed"`
}

func parseProcess(spec []byte) (processSpec, error) {
	var s processSpec
	err := strictjson.Read(spec, &s, "want an object")
	if err == nil {
		err = s.check()
	}
	if err != nil {
		return s, fmt.Errorf("fault: %w", err)
	}
	return s, nil
}

// takes reports whether the action takes brokers away for a time, or for a moment.
func (s processSpec) takes() bool { return s.Action != actRoll && s.Action != actScale }

// lasts reports whether brokers stay away until the fault ends.
func (s processSpec) lasts() bool { return s.takes() && s.Action != actRestart }

func (s processSpec) check() error {
	switch {
	case s.Action == "":
		return fmt.Errorf("action is missing (there are: %s)", strings.Join(processActions(), ", "))
	case !slices.Contains(processActions(), string(s.Action)):
		return nearest.Unknown("action", string(s.Action), processActions())
	}
	for _, key := range []struct {
		name    string
		given   bool
		belongs bool
	}{
		{"broker", s.Broker.given(), s.takes() || s.Action == actRoll},
		{"for", s.For != 0, s.lasts() || s.Action == actScale},
		{"signal", s.Signal != "", s.Action == actKill},
		{"graceful", s.Graceful != nil, s.Action == actRestart || s.Action == actRoll},
		{"pause", s.Pause != nil, s.Action == actRoll},
		{"brokers", s.Brokers != 0, s.Action == actScale},
		{"times", s.Times != 0, s.takes()},
		{"every", s.Every != 0, s.takes()},
		{"probability", s.Probability != 0, s.takes()},
	} {
		if key.given && !key.belongs {
			return fmt.Errorf("%s means nothing to action %q: leave it out", key.name, s.Action)
		}
	}
	return errors.Join(s.checkWhat(), s.checkRounds())
}

func (s processSpec) checkWhat() error {
	switch {
	case s.takes() && !s.Broker.given():
		return errors.New(`broker is missing: an id, "any", "all", "controller", {"leaderOf": {"topic": "t", "partition": 0}}, ` +
			`{"followersOf": …} or {"coordinatorOf": "group"}`)
	case s.Action == actRoll && s.Broker.given() && s.Broker.word != selectAll:
		return errors.New(`broker: a roll is of all brokers: leave it out, or choose action "restart"`)
	case s.Action == actScale && s.Brokers == 0:
		return errors.New("brokers is missing: say how many there are to be, at least 1")
	case s.Brokers < 0:
		return fmt.Errorf("brokers %d: must be at least 1", s.Brokers)
	case s.Signal != "" && s.Signal != "SIGKILL":
		return fmt.Errorf(`signal %q: kill is SIGKILL; SIGTERM is action "stop", SIGSTOP is action "pause"`, s.Signal)
	case s.Pause != nil && *s.Pause < 0:
		return fmt.Errorf("pause %s: must not be negative", *s.Pause)
	case s.For < 0:
		return fmt.Errorf("for %s: must be more than 0s", s.For)
	}
	return nil
}

func (s processSpec) checkRounds() error {
	switch {
	case !(s.Probability >= 0 && s.Probability <= 1): // NaN included
		return fmt.Errorf("probability %v: must be greater than 0, and at most 1", s.Probability)
	case s.Times < 0:
		return fmt.Errorf("times %d: must be at least 1", s.Times)
	case s.Every < 0:
		return fmt.Errorf("every %s: must be more than 0s", s.Every)
	case s.Times > 1 && s.Every == 0:
		return errors.New(`times: say with "every" how long after each other, such as "5s"`)
	case s.Times < 2 && s.Every != 0:
		return errors.New(`every: say with "times" how often, at least 2`)
	case s.Times < 2 && s.Probability != 0 && s.Probability != 1:
		return errors.New(`probability: what happens once or not at all proves nothing: say with "times" how often it is tried`)
	case s.Times > 1 && s.lasts() && s.For == 0:
		return errors.New(`times: say with "for" how long each time lasts`)
	case s.Times > 1 && s.lasts() && s.For >= s.Every:
		return fmt.Errorf("every %s: must be longer than for, %s, so that one time is over before the next", s.Every, s.For)
	}
	return nil
}

// graceful reports whether brokers are asked to end.
func (s processSpec) graceful() bool {
	if s.Graceful != nil {
		return *s.Graceful
	}
	return s.Action == actStop || s.Action == actRoll
}

// gap is what roll waits between two brokers.
func (s processSpec) gap() time.Duration {
	if s.Pause != nil {
		return time.Duration(*s.Pause)
	}
	return defaultGap
}

// lasting is how long it lasts, 0 where that is not said.
func (s processSpec) lasting() time.Duration {
	return time.Duration(s.For) + time.Duration(max(s.Times-1, 0))*time.Duration(s.Every)
}
