package s3proxy

import (
	"net/http"
	"slices"
	"strings"

	"k6suite/extension/internal/httpcontrol"
)

// logPage is a part of the log.
type logPage struct {
	Next    int64   `json:"next"`
	Entries []Entry `json:"entries"`
}

func (c control) log(r *http.Request) (int, any) {
	since, err := number(r, "since", 0)
	if err != nil {
		return httpcontrol.Refused(http.StatusBadRequest, err)
	}
	limit, err := number(r, "limit", maxPage)
	if err != nil {
		return httpcontrol.Refused(http.StatusBadRequest, err)
	}
	var page logPage
	page.Entries, page.Next = c.proxy.log.page(since, min(limit, maxPage))
	return http.StatusOK, page
}

// countState is what is said of requests that are counted together.
type countState struct {
	Operation Operation `json:"operation"`
	Status    int       `json:"status"`
	Count     int64     `json:"count"`
}

func (c control) counts(*http.Request) (int, any) {
	states := []countState{}
	for what, n := range c.proxy.log.Counts() {
		states = append(states, countState{what.Operation, what.Status, n})
	}
	slices.SortFunc(states, func(a, b countState) int {
		if a.Operation != b.Operation {
			return strings.Compare(string(a.Operation), string(b.Operation))
		}
		return a.Status - b.Status
	})
	return http.StatusOK, states
}

func (c control) overwritten(*http.Request) (int, any) {
	return http.StatusOK, append([]Overwrite{}, c.proxy.log.Overwritten()...)
}
