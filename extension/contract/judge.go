package contract

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k6suite/extension/ledger"
)

// version of the JSON shape of Verdict.
const version = 1

// Judge gives every requirement that the script judges, and every other one that was looked at, its outcome:
//
//   - NOT CLAIMED where the profile does not make the claims that it rests on, the script cannot do to the target what it would have to, or
//     there was but one broker, where others should go on while one is away;
//   - FAIL on a finding of one of its rules, something measured that breaks it, or a failed expectation;
//   - INCONCLUSIVE on a doubt that concerns it, or where nothing shows that it held;
//   - PASS on positive evidence: never because nothing was looked at.
//
// The whole run is FAIL on any counted finding, whether or not the script judges what it breaks. Judge returns an error only
// for a script, an expectation or a doubt that names what does not exist.
func Judge(in Input) (Verdict, error) {
	scenario, err := ScenarioOf(in.Script)
	if err != nil {
		return Verdict{}, err
	}
	if err := in.check(); err != nil {
		return Verdict{}, err
	}
	in.Doubts = slices.Concat(in.Doubts, tooFew(in, scenario), untold(in.LieHits))
	v := Verdict{
		Version: version, Run: in.Run, Part: in.Part, Script: scenario.Script, Scenario: scenario.ID, Profile: in.Profile, System: in.System,
		Subject: in.Subject, Status: NotClaimed, Foreseen: in.Foreseen, Doubts: in.Doubts, Expectations: in.Expectations, Measured: in.Measured,
		LieHits: in.LieHits, Notes: in.Notes,
	}
	for _, r := range Requirements() {
		if scenario.JudgesRequirement(r.ID) || in.looksAt(r.ID) {
			j := judge(in, scenario, r)
			v.Requirements = append(v.Requirements, j)
			v.Status = worse(v.Status, j.Status)
		}
	}
	v.sort(in)
	if len(v.Findings) > 0 {
		v.Status = Fail
	}
	if slices.ContainsFunc(in.Doubts, func(d Doubt) bool { return len(d.Requirements) == 0 }) {
		v.Status = worse(v.Status, Inconclusive)
	}
	if in.Part.Of > 1 {
		v.Notes = append(slices.Clone(v.Notes), in.Part.String()+
			" by itself: whether all sent enough, and what only all together show, says k6 x suite verify of the files of all")
	}
	v.fillEmpty()
	return v, nil
}

// tooFew is the doubt about a run that acked fewer records than its scenario needs to mean something.
func tooFew(in Input, s Scenario) []Doubt {
	wanted := max(in.MinAcked, s.MinAcked)
	if in.Measured.Acked >= wanted || in.Unable != "" || in.Part.Of > 1 {
		return nil
	}
	return []Doubt{{Text: fmt.Sprintf("%s records were acked, and %s needs %s", count(in.Measured.Acked), s.Script, count(wanted))}}
}

// untold is the doubt about a lie that was asked for and never told: whatever was judged, it was not that.
func untold(hits map[string]int64) []Doubt {
	var out []Doubt
	for _, lie := range slices.Sorted(maps.Keys(hits)) {
		if hits[lie] == 0 {
			out = append(out, Doubt{Text: fmt.Sprintf("the lie %s was asked for and never told", lie)})
		}
	}
	return out
}

func (in Input) looksAt(id string) bool {
	return slices.ContainsFunc(in.Expectations, func(e Expectation) bool { return e.Requirement == id })
}

// unclaimed gives those of the claims that the profile does not make.
func (in Input) unclaimed(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return in.Claims[name] })
}

// judge gives one requirement its outcome.
func judge(in Input, s Scenario, r Requirement) Judgement {
	j := Judgement{ID: r.ID, Title: r.Title}
	if in.Unable != "" {
		j.Status, j.Evidence = NotClaimed, []string{in.Unable}
		return j
	}
	if missing := in.unclaimed(s.claimsFor(r)); len(missing) > 0 {
		j.Status = NotClaimed
		j.Evidence = []string{fmt.Sprintf("the profile %s does not claim %s", in.Profile, strings.Join(missing, ", "))}
		return j
	}
	if in.Part.Of > 1 && r.total {
		j.Status, j.Evidence = NotClaimed, []string{in.Part.String() + ": judged over all of them"}
		return j
	}
	if deaths := in.Measured.deaths(); r.others && in.Alone && deaths != "" {
		j.Status, j.Evidence = NotClaimed, []string{deaths + ": it was the only one, and no other was there to go on meanwhile"}
		return j
	}
	held, failed, unasked := in.expectations(r.ID)
	against := slices.Concat(in.broken(r), r.breaches(in.Measured), failed)
	doubts := in.doubtsAbout(r.ID)
	shown, missing := prove(r, in.Measured, held)
	switch {
	case len(against) > 0:
		j.Status, j.Evidence = Fail, against
	case len(doubts) > 0:
		j.Status, j.Evidence = Inconclusive, doubts
	case r.proof == nil && len(held) == 0 && len(unasked) > 0:
		j.Status = NotClaimed // all that was looked at is not claimed
	case missing != "":
		j.Status, j.Evidence = Inconclusive, []string{missing}
	default:
		j.Status, j.Evidence = Pass, shown
	}
	j.Evidence = append(j.Evidence, unasked...)
	return j
}

// breaches gives what was measured that breaks the requirement.
func (r Requirement) breaches(m Measured) []string {
	if r.breach == nil {
		return nil
	}
	if text := r.breach(m); text != "" {
		return []string{text}
	}
	return nil
}

// prove gathers what shows that a requirement held, or says what is missing.
func prove(r Requirement, m Measured, held []string) (shown []string, missing string) {
	if r.proof == nil {
		if len(held) == 0 {
			return nil, "nothing was looked at that would show it"
		}
		return held, ""
	}
	text, ok := r.proof(m)
	if !ok {
		return nil, text
	}
	return append([]string{text}, held...), ""
}

// expectations sorts what the script looked at for one requirement into held, failed and not claimed.
func (in Input) expectations(id string) (held, failed, unasked []string) {
	for _, e := range in.Expectations {
		missing := in.unclaimed(e.Claims)
		switch text := sentence(e); {
		case e.Requirement != id:
		case len(missing) > 0:
			unasked = append(unasked, fmt.Sprintf("%s: not claimed (%s)", e.What, strings.Join(missing, ", ")))
		case e.OK:
			held = append(held, text)
		default:
			failed = append(failed, "not so: "+text)
		}
	}
	return held, failed, unasked
}

func sentence(e Expectation) string {
	if e.Evidence == "" {
		return e.What
	}
	return e.What + ": " + e.Evidence
}

// broken gives one sentence for each rule that a finding says was broken, the first finding as its example.
func (in Input) broken(r Requirement) []string {
	var out []string
	for _, code := range r.Rules {
		n, first := 0, ledger.Finding{}
		for _, f := range in.Findings {
			if !covers(code, ruleOf(f)) {
				continue
			}
			if n == 0 {
				first = f
			}
			n++
		}
		switch {
		case n == 1:
			out = append(out, Describe(first))
		case n > 1:
			out = append(out, fmt.Sprintf("%s, and %d more", Describe(first), n-1))
		}
	}
	return out
}

func (in Input) doubtsAbout(id string) []string {
	var out []string
	for _, d := range in.Doubts {
		if len(d.Requirements) == 0 || slices.Contains(d.Requirements, id) {
			out = append(out, d.Text)
		}
	}
	return out
}

// sort puts every finding where it counts. None is dropped.
func (v *Verdict) sort(in Input) {
	for _, f := range in.Findings {
		if known, claimed := in.claimedBy(ruleOf(f)); known && !claimed {
			v.Unclaimed = append(v.Unclaimed, f)
			continue
		}
		v.Findings = append(v.Findings, f)
		judged := slices.ContainsFunc(v.Requirements, func(j Judgement) bool { return j.Status == Fail && breaks(ruleOf(f), j.ID) })
		if !judged && !slices.Contains(v.Other, ruleOf(f)) {
			v.Other = append(v.Other, ruleOf(f))
		}
	}
}

func breaks(rule ledger.Code, id string) bool {
	r, ok := RequirementOf(id)
	return ok && r.BrokenBy(rule)
}

// claimedBy reports whether any requirement is broken by a rule, and whether the profile claims one of them.
func (in Input) claimedBy(rule ledger.Code) (known, claimed bool) {
	for _, r := range Requirements() {
		if r.BrokenBy(rule) {
			known = true
			claimed = claimed || len(in.unclaimed(r.Claims)) == 0
		}
	}
	return known, claimed
}
