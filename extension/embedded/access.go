package embedded

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/wire"
)

// Access is who may use a cluster, and who may do what: what nobody allowed is refused, as by Kafka's StandardAuthorizer. ACLs are
// made by CreateAcls, and kept in the bucket.
type Access struct {
	// Users authenticate by SASL: PLAIN, and SCRAM-SHA-256 and SCRAM-SHA-512 where clients reach the brokers themselves. Nobody between
	// can say the words of SCRAM again, so a single endpoint does not offer it.
	Users []User
	// Super are principals that may do everything. [Anonymous] is one of them if whoever does not authenticate may. Default: none.
	Super []string
	// ByClientID takes a client that does not authenticate for the user whose name is its client.id: a name tag, no proof, as some
	// systems have it. Default: such a client is [Anonymous].
	ByClientID bool
}

// User is somebody who can authenticate. Passwords are kept in memory, and in no file.
type User struct{ Name, Password string }

// Anonymous is the principal of who does not authenticate, as Kafka names it.
const Anonymous = "ANONYMOUS"

// insider is the principal of the cluster itself.
const insider = "k6suite-embedded"

// stranger is the principal of nobody, who may do nothing: lies need one.
const stranger = "k6suite-stranger"

func (a *Access) check() error {
	if a == nil {
		return nil
	}
	known := []string{Anonymous, insider, stranger}
	for _, u := range a.Users {
		switch {
		case u.Name == "" || strings.ContainsAny(u.Name, "\x00,=:"):
			return fmt.Errorf("embedded cluster: user %q: a name has no NUL, ',', '=' and ':', and is not empty", u.Name)
		case u.Password == "" || strings.Contains(u.Password, "\x00"):
			return fmt.Errorf("embedded cluster: user %q: a password has no NUL, and is not empty", u.Name)
		case slices.Contains(known, u.Name):
			return fmt.Errorf("embedded cluster: user %q: there is one of this name already", u.Name)
		}
		known = append(known, u.Name)
	}
	for _, name := range a.Super {
		if !slices.Contains(known, name) {
			return fmt.Errorf("embedded cluster: super user %q: there is no such user", name)
		}
	}
	return nil
}

// access is the access control of one life. kfake decides; what is not asked of kfake is decided by a copy of its ACLs. A nil access
// lets everybody do everything.
type access struct {
	Access
	passwords map[string]string // of the users
	inside    string            // the password by which the cluster speaks to kfake in a principal's name
	grants    grants
}

func newAccess(a *Access) *access {
	if a == nil {
		return nil
	}
	made := &access{Access: *a, passwords: map[string]string{}, inside: rand.Text()}
	for _, u := range a.Users {
		made.passwords[u.Name] = u.Password
	}
	return made
}

// kfakeOptions make the same users known to kfake. PLAIN is how the cluster speaks in the name of one that it has authenticated itself.
func (a *access) kfakeOptions() []kfake.Opt {
	if a == nil {
		return nil
	}
	options := []kfake.Opt{kfake.EnableSASL(), kfake.EnableACLs(), kfake.Superuser(mechanismPlain, insider, a.inside)}
	for _, name := range append([]string{Anonymous, stranger}, a.names()...) {
		if a.super(name) {
			options = append(options, kfake.Superuser(mechanismPlain, name, a.inside))
		} else {
			options = append(options, kfake.User(mechanismPlain, name, a.inside))
		}
	}
	for _, u := range a.Users {
		for _, mechanism := range []string{mechanismScram256, mechanismScram512} {
			options = append(options, kfake.User(mechanism, u.Name, u.Password))
		}
	}
	return options
}

func (a *access) names() []string {
	var names []string
	for _, u := range a.Users {
		names = append(names, u.Name)
	}
	return names
}

func (a *access) super(name string) bool { return name == insider || slices.Contains(a.Super, name) }

// introduce tells a node of kfake in whose name requests will come on a new connection.
func (a *access) introduce(ctx context.Context, up *upstream, principal string) error {
	if a == nil {
		return nil
	}
	handshake := kmsg.NewPtrSASLHandshakeRequest()
	handshake.Version, handshake.Mechanism = 1, mechanismPlain
	authenticate := kmsg.NewPtrSASLAuthenticateRequest()
	authenticate.Version, authenticate.SASLAuthBytes = 1, []byte("\x00"+principal+"\x00"+a.inside)
	for n, message := range []kmsg.Request{handshake, authenticate} {
		frame, release, err := up.roundTrip(ctx, wire.EncodeRequest(message, int32(-1-n), insider))
		if err != nil {
			return fmt.Errorf("speaking for %s: %w", principal, err)
		}
		response := message.ResponseKind()
		response.SetVersion(message.GetVersion())
		err = wire.DecodeResponse(append([]byte(nil), frame...), response)
		release()
		if err != nil {
			return fmt.Errorf("speaking for %s: %w", principal, err)
		}
	}
	return nil
}

// principal is in whose name the request came.
func (x *exchange) principal() string {
	a := x.conn.life.access
	switch {
	case a == nil:
		return ""
	case x.guise != "":
		return x.guise
	case x.conn.sasl.user != "":
		return x.conn.sasl.user
	case a.ByClientID && a.passwords[x.ClientID] != "":
		return x.ClientID
	default:
		return Anonymous
	}
}

// may reports whether who sent the request may do something to a resource.
func (x *exchange) may(do kmsg.ACLOperation, kind kmsg.ACLResourceType, name string) bool {
	a := x.conn.life.access
	if a == nil {
		return true
	}
	principal := x.principal()
	return a.super(principal) || a.grants.allow(principal, hostOf(x.conn.sock.RemoteAddr()), do, kind, name)
}

const clusterResource = "kafka-cluster"

// mayProduce returns the error for who may not write to the topic, nil for who may. Nothing may be uploaded before.
func (x *exchange) mayProduce(request *kmsg.ProduceRequest, topic *kmsg.ProduceRequestTopic) *kerr.Error {
	if x.conn.life.access == nil {
		return nil
	}
	if id := request.TransactionID; id != nil && !x.may(kmsg.ACLOperationWrite, kmsg.ACLResourceTypeTransactionalId, *id) {
		return kerr.TransactionalIDAuthorizationFailed
	}
	name := topic.Topic
	if request.Version >= topicIDsFrom {
		if name = x.conn.life.nameOf("", topic.TopicID); name == "" {
			return nil // there is none, and the answer says so
		}
	}
	if !x.may(kmsg.ACLOperationWrite, kmsg.ACLResourceTypeTopic, name) {
		return kerr.TopicAuthorizationFailed
	}
	return nil
}

// mayTransact reports whether who sent the request may use a transactional id.
func (x *exchange) mayTransact(id string) bool {
	return x.may(kmsg.ACLOperationWrite, kmsg.ACLResourceTypeTransactionalId, id)
}

// serveACLChange makes the ACLs durable as they are after the request.
func (l *life) serveACLChange(ctx context.Context, x *exchange) error {
	if err := x.forward(ctx); err != nil || l.access == nil {
		return err
	}
	return l.saveACLs(ctx)
}

var errNotAuthenticated = errors.New("the client has to authenticate first")
