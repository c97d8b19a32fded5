package s3proxy

import (
	"fmt"
	"net"
	"net/url"
	"path"
	"slices"
	"strings"

	"k6suite/extension/internal/nearest"
)

// matcher is a rule that is ready to be held against requests.
type matcher struct {
	Rule

	operations map[Operation]bool // nil: those of the groups only
	groups     []string
}

// compile checks the rule.
func (r Rule) compile() (*matcher, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	m := &matcher{Rule: r, operations: map[Operation]bool{}}
	known := operations()
	for _, name := range r.Storage {
		switch {
		case slices.Contains(groups(), name):
			m.groups = append(m.groups, name)
		case slices.Contains(known, Operation(name)) || subresourceOperation(name):
			if err := r.able(Operation(name)); err != nil {
				return nil, fmt.Errorf("storage %q: %w", name, err)
			}
			m.operations[Operation(name)] = true
		default:
			words := groups()
			for _, o := range known {
				words = append(words, string(o))
			}
			return nil, nearest.Unknown("storage", name, words)
		}
	}
	return m, m.checkGroups(known)
}

// checkGroups refuses a group of which the rule can act on nothing.
func (m *matcher) checkGroups(known []Operation) error {
	for _, group := range m.groups {
		var why error
		fits := false
		for _, o := range known {
			if o.in(group) {
				why = m.able(o)
				fits = fits || why == nil
			}
		}
		if !fits {
			return fmt.Errorf("storage %q: %w", group, why)
		}
	}
	return nil
}

// operation reports whether the rule acts on an operation.
func (m *matcher) operation(o Operation) bool {
	return m.operations[o] || slices.ContainsFunc(m.groups, o.in) && m.able(o) == nil
}

// match reports whether the rule is meant for a request.
func (m *matcher) match(r *request) bool {
	return m.operation(r.operation) && globMatch(m.Key, r.name()) && globMatch(m.Bucket, r.bucket) &&
		(m.Source == "" || slices.ContainsFunc(r.sources(), func(s string) bool { return globMatch(m.Source, s) }))
}

// globMatch reports whether the glob, which was checked, matches; an empty one matches everything.
func globMatch(glob, s string) bool {
	if glob == "" {
		return true
	}
	matched, _ := path.Match(slashless(glob), slashless(s))
	return matched
}

// sources are the names under which a client can be selected.
func (r *request) sources() []string {
	sources := []string{r.client.String(), field(r.head, "User-Agent"), accessKey(field(r.head, "Authorization"), r.url.Query())}
	if host, _, err := net.SplitHostPort(r.client.String()); err == nil {
		sources = append(sources, host)
	}
	return slices.DeleteFunc(sources, func(s string) bool { return s == "" })
}

// accessKey is the id of the access key that a request is signed with, "" if there is none: by Signature Version 4 in the header or, as
// a presigned URL, in the query, or by Version 2.
func accessKey(authorization string, query url.Values) string {
	credential := query.Get("X-Amz-Credential")
	if _, signed, ok := strings.Cut(authorization, "Credential="); ok {
		credential = signed
	} else if signed, ok := strings.CutPrefix(authorization, "AWS "); ok {
		credential, _, _ = strings.Cut(signed, ":")
	}
	id, _, _ := strings.Cut(credential, "/")
	return id
}
