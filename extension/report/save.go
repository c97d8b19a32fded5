package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"k6suite/extension/contract"
	"k6suite/extension/internal/wholefile"
)

// Names of the files that a run saves in its folder.
const (
	VerdictFile  = "verdict.json"   // one contract.Verdict
	FindingsFile = "findings.jsonl" // one ledger.Finding a line, every one that counts
)

// Save writes verdict.json and findings.jsonl into a folder, which it makes. A file appears whole or not at all.
func Save(dir string, v contract.Verdict) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("results folder: %w", err)
	}
	var findings bytes.Buffer
	lines := json.NewEncoder(&findings)
	for _, f := range v.Findings {
		if err := lines.Encode(f); err != nil {
			return fmt.Errorf("finding %s: %w", f.Code, err)
		}
	}
	if err := replace(filepath.Join(dir, FindingsFile), findings.Bytes()); err != nil {
		return err
	}
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("verdict of %s: %w", v.Script, err)
	}
	return replace(filepath.Join(dir, VerdictFile), append(text, '\n'))
}

// ReadVerdict reads what Save wrote. The error is os.ErrNotExist where nothing was saved.
func ReadVerdict(dir string) (contract.Verdict, error) {
	file := filepath.Join(dir, VerdictFile)
	text, err := os.ReadFile(file)
	if err != nil {
		return contract.Verdict{}, fmt.Errorf("saved verdict: %w", err)
	}
	var v contract.Verdict
	if err := json.Unmarshal(text, &v); err != nil {
		return contract.Verdict{}, fmt.Errorf("saved verdict %s: %w", file, err)
	}
	return v, nil
}

// replace writes a file as a whole.
func replace(file string, text []byte) error {
	if err := wholefile.Write(file, text); err != nil {
		return fmt.Errorf("saving results: %w", err)
	}
	return nil
}
