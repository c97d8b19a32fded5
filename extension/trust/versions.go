package trust

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k6suite/extension/kafka"
)

// VersionsFile is where a run saves what its target speaks.
const VersionsFile = "versions.json"

// Versions is what the brokers of a target offer, and what of it the suite misses.
type Versions struct {
	MaxVersion string                 `json:"maxVersion,omitempty"` // client.maxVersion
	Brokers    []kafka.BrokerVersions `json:"brokers"`
	Missing    []MissingVersion       `json:"missing"`
	Lines      []string               `json:"lines"` // all that, for people
}

// MissingVersion is what some brokers lack.
type MissingVersion struct {
	kafka.Missing
	Claimed bool    `json:"claimed"` // the profile makes the claim for which it is needed, or every script needs it
	Brokers []int32 `json:"brokers"`
}

// Versions asks each broker for the versions that it offers, and saves the answers with the results.
func (r *Run) Versions(ctx context.Context) (Versions, error) {
	ctx, done := r.whileRunning(ctx)
	defer done()
	if r.Stopped() != nil {
		// nobody answered before, and the verdict says so
		return Versions{Brokers: []kafka.BrokerVersions{}, Missing: []MissingVersion{}, Lines: []string{}}, nil
	}
	brokers, err := kafka.Versions(ctx, r.target.Kafka)
	if err != nil {
		return Versions{}, err
	}
	p := r.target.Profile
	v := Versions{MaxVersion: p.Client.MaxVersion, Brokers: brokers, Missing: []MissingVersion{}}
	claims := p.Claims.Map()
	for _, b := range brokers {
		for _, m := range b.Missing(p.Client.MaxVersion) {
			v.miss(m, m.Claim == "" || claims[m.Claim], b.ID)
		}
	}
	v.describe()
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return v, fmt.Errorf("versions: %w", err)
	}
	if err := os.WriteFile(filepath.Join(r.opts.Results, r.opts.RunID, VersionsFile), append(text, '\n'), 0o644); err != nil {
		return v, fmt.Errorf("saving the versions: %w", err)
	}
	return v, nil
}

// miss notes what one broker lacks.
func (v *Versions) miss(m kafka.Missing, claimed bool, broker int32) {
	i := slices.IndexFunc(v.Missing, func(known MissingVersion) bool { return known.Missing == m })
	if i < 0 {
		v.Missing = append(v.Missing, MissingVersion{Missing: m, Claimed: claimed})
		i = len(v.Missing) - 1
	}
	v.Missing[i].Brokers = append(v.Missing[i].Brokers, broker)
}

// describe makes lines of it: brokers that offer the same are one.
func (v *Versions) describe() {
	var said []string
	offers := map[string][]string{}
	for _, b := range v.Brokers {
		what := b.String()
		if b.Err == "" {
			as := ""
			if b.Guess != "" {
				as = ", as Apache Kafka " + b.Guess + " does"
			}
			what = fmt.Sprintf("offers %d APIs%s: %s", len(b.APIs), as, what)
		}
		if offers[what] == nil {
			said = append(said, what)
		}
		offers[what] = append(offers[what], fmt.Sprint(b.ID))
	}
	for _, what := range said {
		v.Lines = append(v.Lines, fmt.Sprintf("broker %s %s", strings.Join(offers[what], ", "), what))
	}
	if v.MaxVersion != "" {
		v.Lines = append(v.Lines, "clients speak at most what Apache Kafka "+v.MaxVersion+" did (client.maxVersion)")
	}
	for _, m := range v.Missing {
		claim := ""
		if m.Claim != "" {
			claim = ", which the profile does not claim"
			if m.Claimed {
				claim = ", although the profile claims it"
			}
		}
		v.Lines = append(v.Lines, fmt.Sprintf("missing: %s (%s): %s%s", m.API, m.Why, m.Cost, claim))
	}
	if len(v.Missing) == 0 {
		v.Lines = append(v.Lines, "nothing is missing of what the suite uses")
	}
}
