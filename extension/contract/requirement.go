package contract

import (
	"slices"

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
	ClaimAutoCreation   = "autoCreation"
	ClaimACLs           = "acls"
	ClaimTLS            = "tls"
	ClaimMetrics        = "metrics"
)

// Requirement is one promise. Its id is stable: scripts, SPEC and saved verdicts name it.
type Requirement struct {
	ID     string        `json:"id"`
	Title  string        `json:"title"`
	Rules  []ledger.Code `json:"rules"`  // a finding of any of them breaks the requirement; none: expectations alone judge it
	Claims []string      `json:"claims"` // judged only where the profile makes all of them
	proof  proof         // what shows that it held; nil: only expectations can
}

// BrokenBy reports whether a finding of this rule breaks the requirement.
func (r Requirement) BrokenBy(code ledger.Code) bool { return slices.Contains(r.Rules, code) }

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
