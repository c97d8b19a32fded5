package js

import (
	"encoding/json"
	"fmt"

	"k6suite/extension/contract"
)

// plain gives a value as maps, slices and scalars under its JSON names: what scripts see of a verdict.
func plain(value any) (any, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("as a plain object: %w", err)
	}
	var out any
	err = json.Unmarshal(text, &out)
	return out, err
}

// against counts what speaks against the target: never 0 where the verdict is FAIL.
func against(v contract.Verdict) int {
	if v.Status != contract.Fail {
		return 0
	}
	return max(1, len(v.Findings))
}

// doubted counts the reasons for doubt: never 0 where the verdict is INCONCLUSIVE.
func doubted(v contract.Verdict) int {
	if v.Status != contract.Inconclusive {
		return 0
	}
	return max(1, len(v.Doubts))
}
