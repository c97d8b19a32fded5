package trust

import (
	"cmp"
	"crypto/rand"

	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"k6suite/extension/access"
	"k6suite/extension/embedded"
	"k6suite/extension/profile"
)

// users are whom the embedded target knows. Their passwords are made here, and are nowhere but in memory.
type users struct {
	access *embedded.Access          // nil: access is not controlled
	proofs map[string]sasl.Mechanism // by name
}

// embeddedUsers makes alice and bob, where a profile claims that rights are kept. Who does not say who he is may do everything: so do all
// clients of scripts that are not about rights.
func embeddedUsers(p *profile.Profile) users {
	if !p.Claims.ACLs {
		return users{}
	}
	u := users{
		access: &embedded.Access{Super: []string{embedded.Anonymous}, ByClientID: p.Embedded.Principals == profile.PrincipalsByClientID},
		proofs: map[string]sasl.Mechanism{},
	}
	for _, name := range []string{"alice", "bob"} {
		password := rand.Text()
		u.access.Users = append(u.access.Users, embedded.User{Name: name, Password: password})
		u.proofs[name] = plain.Auth{User: name, Pass: password}.AsMechanism()
	}
	return u
}

// principals are those whose rights can be tried on the target.
func (t *Target) principals() []access.Principal {
	if t.embedded != nil {
		return t.embeddedPrincipals()
	}
	var list []access.Principal
	for _, one := range t.Profile.Principals {
		as := *t.Profile
		as.Client.ID = cmp.Or(one.ClientID, as.Client.ID)
		if one.SASL != nil {
			as.Client.SASL = one.SASL
		}
		list = append(list, access.Principal{
			Name: one.Name, User: cmp.Or(one.User, access.UserOf(one.Name)), Owns: one.Owns, Kafka: clientConfig(&as, t.Kafka.Brokers),
		})
	}
	return list
}

func (t *Target) embeddedPrincipals() []access.Principal {
	var list []access.Principal
	for _, name := range []string{"alice", "bob"} {
		p := access.Principal{Name: name, User: access.UserOf(name), Kafka: t.Kafka, Proof: t.proofs[name]}
		if t.Profile.Embedded.Principals == profile.PrincipalsByClientID {
			p.Proof, p.Kafka.ClientID = nil, name
		}
		list = append(list, p)
	}
	return list
}
