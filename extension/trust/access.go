package trust

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"k6suite/extension/access"
	"k6suite/extension/ledger"
)

// AccessOptions say how rights are tried.
type AccessOptions struct {
	Timeout time.Duration // of one request; default 5s
}

// AccessSeen is what was found out, for the script.
type AccessSeen struct {
	Principals []string `json:"principals"`
	Requests   int      `json:"requests"`
	Matrix     string   `json:"matrix"`  // for people
	Notes      []string `json:"notes"`   // what was not tried, and why
	Stopped    string   `json:"stopped"` // why nothing was tried; "" if it was
}

// AccessFile holds all requests by which rights were tried, in the folder of the run's results.
const AccessFile = "access.json"

// Access has the profile's principals try what they may and what they may not. The ledger judges what came of it.
func (r *Run) Access(ctx context.Context, o AccessOptions) (AccessSeen, error) {
	seen := AccessSeen{Principals: []string{}, Notes: []string{}}
	if why := r.Stopped(); why != nil {
		seen.Stopped = why.Error()
		return seen, nil
	}
	p := r.target.Profile
	if !p.Claims.ACLs {
		seen.Stopped = fmt.Sprintf("the profile %s does not claim acls", p.Name)
		return seen, nil
	}
	ctx, done, err := r.whileTraffic(ctx)
	if err != nil {
		return seen, err
	}
	defer done()
	options := access.Options{
		Admin: r.config(nil), Principals: r.target.principals(), Name: r.opts.RunID, Replication: p.Topics.ReplicationFactor, Timeout: o.Timeout,
	}
	for i := range options.Principals {
		options.Principals[i].Kafka = r.config(&options.Principals[i].Kafka)
	}
	report, err := access.Run(ctx, options)
	for _, cell := range report.Cells {
		r.ledger.SawAccess(cell.AccessSeen)
	}
	if err == nil {
		err = r.saveAccess(report)
	}
	if err != nil {
		r.Doubt(err.Error())
		return seen, err
	}
	seen.Principals, seen.Requests, seen.Matrix = report.Principals, len(report.Cells), report.Matrix()
	seen.Notes = append(seen.Notes, report.Notes...)
	return seen, nil
}

// savedAccess is one request as it is saved.
type savedAccess struct {
	Principal string               `json:"principal"`
	Operation string               `json:"operation"`
	Of        string               `json:"of"` // whose things it was about
	Aspect    string               `json:"aspect"`
	InScope   bool                 `json:"inScope"`
	Outcome   ledger.AccessOutcome `json:"outcome"`
	Detail    string               `json:"detail"`
	Effect    string               `json:"effect,omitempty"`
	Mark      string               `json:"mark"`
	Time      time.Time            `json:"time"`
}

func (r *Run) saveAccess(report access.Report) error {
	saved := struct {
		Principals []string      `json:"principals"`
		Requests   []savedAccess `json:"requests"`
		Notes      []string      `json:"notes,omitempty"`
	}{Principals: report.Principals, Notes: report.Notes}
	for _, c := range report.Cells {
		saved.Requests = append(saved.Requests, savedAccess{
			c.Who, c.Operation, c.Domain, c.Aspect, c.InScope, c.Outcome, c.Detail, c.Effect, c.Mark(), c.At,
		})
	}
	text, err := json.MarshalIndent(saved, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(r.opts.Results, r.opts.RunID, AccessFile), append(text, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("saving what was found out about rights: %w", err)
	}
	return nil
}
