package httpcontrol

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// maxRuleBytes bounds what a request may send.
const maxRuleBytes = 1 << 20

// Rule reads the rule that a request sends.
func Rule(r *http.Request) ([]byte, error) {
	spec, err := io.ReadAll(io.LimitReader(r.Body, maxRuleBytes+1))
	if err == nil && len(spec) > maxRuleBytes {
		err = fmt.Errorf("a rule of more than %d bytes", maxRuleBytes)
	}
	return spec, err
}

// Fault finds the one that the {id} of a path names, among all that there have been: they are numbered from 1 on.
func Fault[F any](r *http.Request, all []F) (fault F, err error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	switch {
	case err == nil && id >= 1 && id <= int64(len(all)):
		return all[id-1], nil
	case len(all) == 0:
		return fault, fmt.Errorf("no rule %q: none was injected", r.PathValue("id"))
	}
	return fault, fmt.Errorf("no rule %q: there are 1 to %d", r.PathValue("id"), len(all))
}

// Active reports whether a fault has not ended.
func Active(done <-chan struct{}) bool {
	select {
	case <-done:
		return false
	default:
		return true
	}
}
