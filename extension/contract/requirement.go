package contract

import (
	"slices"
	"strings"

	"k6suite/extension/ledger"
)

// Claims are the names that a profile gives to what a target promises.
const (
	ClaimSingleEndpoint = "singleEndpoint"
	ClaimStateless      = "stateless"
	ClaimElastic        = "elastic"
	ClaimObjectStorage  = "objectStorage"
	ClaimIdempotence    = "idempotence"
	ClaimTransactions   = "transactions"
	ClaimGroups         = "groups"
	ClaimServerSide     = "serverSideGroups"
	ClaimAutoCreation   = "autoCreation"
	ClaimACLs           = "acls"
	ClaimTLS            = "tls"
	ClaimMetrics        = "metrics"
	ClaimConnections    = "limits.connections of 10,000 or more" // no claim of a profile, but a limit
)

// Requirement is one promise. Its id is stable: scripts, SPEC and saved verdicts name it.
type Requirement struct {
	ID     string        `json:"id"`
	Title  string        `json:"title"`
	Rules  []ledger.Code `json:"rules"`  // findings of these break it, "CODE/aspect" those of one aspect only; none: expectations judge it
	Claims []string      `json:"claims"` // judged only where the profile makes all of them
	total  bool          // it is about all that a test sends: one of several k6 instances cannot say
	others bool          // it is about brokers that go on while one is away
	breach breach        // what, if measured, breaks it beside findings; nil: nothing
	proof  proof         // what shows that it held; nil: only expectations can
}

// BrokenBy reports whether a finding of this rule, a code or "CODE/aspect", breaks the requirement.
func (r Requirement) BrokenBy(rule ledger.Code) bool {
	return slices.ContainsFunc(r.Rules, func(own ledger.Code) bool { return covers(own, rule) })
}

// covers reports whether a requirement's rule is about what a finding's rule says: itself, or as a plain code all its aspects.
func covers(own, rule ledger.Code) bool {
	code, _, _ := strings.Cut(string(rule), "/")
	return own == rule || own == ledger.Code(code)
}

// ruleOf is what a finding says was broken.
func ruleOf(f ledger.Finding) ledger.Code { return ledger.Code(f.Rule()) }

// Requirements gives all requirements in the order of their ids.
func Requirements() []Requirement {
	return slices.Concat(features(), nonFunctional())
}

// RequirementOf finds a requirement by its id.
func RequirementOf(id string) (Requirement, bool) {
	all := Requirements()
	i := slices.IndexFunc(all, func(r Requirement) bool { return r.ID == id })
	if i < 0 {
		return Requirement{}, false
	}
	return all[i], true
}

// Shorthands that keep the tables of requirements readable.
func rules(codes ...ledger.Code) []ledger.Code { return codes }
func claims(names ...string) []string          { return names }
