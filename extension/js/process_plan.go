package js

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"k6suite/extension/chaos"
)

// announcePlan prints a plan before it is carried out, and saves it with the run, from where it can be carried out again.
func (p *process) announcePlan(plan *chaos.Plan) error {
	text, err := json.MarshalIndent(plan, "", "  ")
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	loaded, err := p.loadProfile()
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plans++
	name := "plan.json"
	if p.plans > 1 {
		name = fmt.Sprintf("plan-%d.json", p.plans)
	}
	file := filepath.Join(p.results(), loaded.RunID, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("saving the plan: %w", err)
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("saving the plan: %w", err)
	}
	_, err = fmt.Fprintf(p.out, "\nplan of faults, saved as %s\n%s\n", file, plan.Text())
	return err
}
