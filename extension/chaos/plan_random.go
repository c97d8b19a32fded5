package chaos

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// What a random plan goes by where nothing is said.
const (
	defaultQuiet = 2 * time.Second
	defaultStorm = 4 * time.Second
	// restarting is what a restart is given, which says nothing itself of how long it takes. A roll is given a whole storm.
	restarting = 2 * time.Second
	// tick is the precision of plans.
	tick = 100 * time.Millisecond
)

// template is a fault to choose.
type template struct {
	spec   json.RawMessage
	asked  asked
	length time.Duration
}

// dice makes a plan by chance: storms, and quiet between them. In a storm faults follow each other in one or more lanes; the first
// lane has no gaps, and the others end with it.
type dice struct {
	random             *rand.Rand
	templates          []template
	deck               []int // templates that are still to be drawn before any is drawn again
	round              int   // decks that were drawn before
	quiet, storm, ends time.Duration
	together           int
	out                []Planned
}

func (s planSpec) random() ([]Planned, int64, error) {
	d := &dice{
		quiet: time.Duration(s.Quiet), storm: time.Duration(s.Storm), ends: time.Duration(s.For), together: max(s.Together, 1),
	}
	seed := s.Seed
	if seed == 0 {
		seed = 1
	}
	d.random = rand.New(rand.NewPCG(uint64(seed), 0))
	if s.Quiet == 0 {
		d.quiet = defaultQuiet
	}
	if err := d.read(s); err != nil {
		return nil, 0, err
	}
	d.shuffle()
	for at := d.upTo(d.quiet); ; {
		end := d.blow(at)
		if end == at {
			break
		}
		at = end + d.quiet + d.upTo(d.quiet)
	}
	if len(d.out) == 0 {
		return nil, 0, fmt.Errorf("for %s: no fault fits into it", s.For)
	}
	return d.out, seed, nil
}

// read checks the templates, and finds how long they are.
func (d *dice) read(s planSpec) error {
	var longest time.Duration
	for i, spec := range s.From {
		a, err := parse(spec)
		if err != nil {
			return fmt.Errorf("from[%d]: %w", i, err)
		}
		length, said := a.length()
		if !said && !a.endsByItself() {
			return fmt.Errorf(`from[%d]: say with "for" how long it lasts`, i)
		}
		if !said && a.processes.Action == actRestart {
			length = restarting
		}
		longest = max(longest, length)
		d.templates = append(d.templates, template{spec: spec, asked: a, length: length})
	}
	if d.storm == 0 {
		d.storm = max(defaultStorm, longest)
	}
	if d.storm < longest {
		return fmt.Errorf("storm %s: shorter than the longest fault, %s", d.storm, longest)
	}
	for i := range d.templates {
		if d.templates[i].length == 0 { // a roll
			d.templates[i].length = d.storm
		}
	}
	if d.ends < time.Duration(0) || len(d.templates) == 0 {
		return errors.New("from: there is no fault in it")
	}
	return nil
}

// endsByItself reports whether a fault need not say how long it lasts.
func (a asked) endsByItself() bool {
	return a.family == Processes && (a.processes.Action == actRestart || a.processes.Action == actRoll)
}

// blow plans one storm, and returns when it ends: at once if there is no time left for one.
func (d *dice) blow(at time.Duration) time.Duration {
	from, end := len(d.out), at
	latest := min(at+d.storm, d.ends)
	for end < latest {
		if end > at && d.round > 0 && d.random.IntN(3) == 0 {
			break // once all have been there, some storms are short
		}
		length, ok := d.draw(end, latest, from)
		if !ok {
			break
		}
		end += length
	}
	for lane := 1; lane < d.together; lane++ {
		for t := at + d.upTo(min((end-at)/2, end-at-d.longestLeft())); t < end; {
			length, ok := d.draw(t, end, from)
			if !ok {
				break
			}
			t += length + d.upTo((end-at)/4)
		}
	}
	return end
}

// longestLeft is the longest that has not been there at all: no lane may begin too late for it.
func (d *dice) longestLeft() (longest time.Duration) {
	if d.round > 0 {
		return 0
	}
	for _, i := range d.deck {
		longest = max(longest, d.templates[i].length)
	}
	return longest
}

// draw plans a fault that begins at a time and ends in time, and returns how long it lasts.
func (d *dice) draw(at, latest time.Duration, storm int) (time.Duration, bool) {
	fits := func(i int) bool { return at+d.templates[i].length <= latest && d.allowed(i, at, storm) }
	if d.round == 0 && len(d.out) > storm && !slices.ContainsFunc(d.deck, fits) {
		return 0, false // time is for those that have not been there
	}
	candidates := slices.DeleteFunc(slices.Clone(d.deck), func(i int) bool { return !fits(i) })
	if len(candidates) == 0 {
		candidates = slices.DeleteFunc(d.random.Perm(len(d.templates)), func(i int) bool { return !fits(i) })
	}
	if len(candidates) == 0 {
		return 0, false
	}
	chosen := candidates[0]
	d.deck = slices.DeleteFunc(d.deck, func(i int) bool { return i == chosen })
	if len(d.deck) == 0 {
		d.round++
		d.shuffle()
	}
	t := d.templates[chosen]
	d.out = append(d.out, Planned{At: at, Spec: d.seeded(t.spec), asked: t.asked})
	return t.length, true
}

// allowed refuses what could not be made beside what the storm has at the same time: two that change all brokers.
func (d *dice) allowed(i int, at time.Duration, storm int) bool {
	t := d.templates[i]
	for _, other := range d.out[storm:] {
		length := d.lengthOf(other)
		if at < other.At+length && other.At < at+t.length && exclude(t.asked, other.asked) {
			return false
		}
	}
	return true
}

// lengthOf is how long a fault was planned to last.
func (d *dice) lengthOf(p Planned) time.Duration {
	if length, said := p.asked.length(); said {
		return length
	}
	if p.asked.processes.Action == actRestart {
		return restarting
	}
	return d.storm
}

// exclude reports whether two faults cannot be active at once: there is one roll or scale at a time, and who takes all brokers
// leaves nothing to others, whatever they act on.
func exclude(a, b asked) bool {
	if a.takesAll() || b.takesAll() {
		return true
	}
	return a.family == Processes && b.family == Processes && !a.processes.takes() && !b.processes.takes()
}

func (a asked) takesAll() bool { return a.family == Processes && a.processes.Broker.word == selectAll }

// seeded gives a fault a seed of its own.
func (d *dice) seeded(spec json.RawMessage) json.RawMessage {
	keys := Planned{Spec: spec}.keys()
	seed := d.random.Int32N(1_000_000) + 1
	if keys["seed"] == nil {
		keys["seed"] = fmt.Appendf(nil, "%d", seed)
	}
	text, err := json.Marshal(keys)
	if err != nil {
		return spec // cannot be: it was read from JSON
	}
	return text
}

func (d *dice) shuffle() { d.deck = d.random.Perm(len(d.templates)) }

// upTo is a time between none and d.
func (d *dice) upTo(most time.Duration) time.Duration {
	return time.Duration(d.random.Int64N(int64(max(most, 0)/tick)+1)) * tick
}
