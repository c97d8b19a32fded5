package js

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/grafana/sobek"

	"k6suite/extension/kafka"
)

// clientOptions are the options that Producer, Consumer and Admin have in common: how to reach the cluster.
type clientOptions struct {
	Config kafka.Config
	Own    bool   // the script says where the cluster is; else the profile does
	Shared string // name under which all virtual users share the client; empty: each has its own
}

var errOwnNeedsBrokers = errors.New("tls, sasl, maxVersion, dialTimeout and requestTimeout belong to brokers: " +
	"name brokers as well, or set them in the profile")

// client reads the common options into what the class's own options are read from.
func (o *options) client(rt *sobek.Runtime) clientOptions {
	var out clientOptions
	c := &out.Config
	o.texts("brokers", &c.Brokers)
	o.text("clientId", &c.ClientID)
	o.text("maxVersion", &c.MaxVersion)
	o.duration("dialTimeout", &c.DialTimeout)
	o.duration("requestTimeout", &c.RequestTimeout)
	o.text("shared", &out.Shared)
	if v := o.value("tls"); v != nil {
		c.TLS = &kafka.TLS{}
		t := readOptions(rt, o.of+": tls", v)
		t.text("caFile", &c.TLS.CAFile)
		t.text("certFile", &c.TLS.CertFile)
		t.text("keyFile", &c.TLS.KeyFile)
		t.text("serverName", &c.TLS.ServerName)
		t.boolean("insecureSkipVerify", &c.TLS.InsecureSkipVerify)
		o.take(t.done())
	}
	if v := o.value("sasl"); v != nil {
		c.SASL = &kafka.SASL{}
		s := readOptions(rt, o.of+": sasl", v)
		s.sasl(rt, c.SASL)
		o.take(s.done())
	}
	out.Own = len(c.Brokers) > 0
	alone := kafka.Config{ClientID: c.ClientID}
	switch {
	case out.Own:
		o.take(c.Check())
	case c.Brokers != nil:
		o.fail("brokers must name at least one address as host:port, or be left out for those of the profile")
	case !reflect.DeepEqual(*c, alone):
		o.take(errOwnNeedsBrokers)
	}
	return out
}

// sasl reads how the client proves who it is.
func (o *options) sasl(rt *sobek.Runtime, s *kafka.SASL) {
	o.text("mechanism", &s.Mechanism, kafka.Mechanisms()...)
	o.text("user", &s.User)
	o.text("passwordEnv", &s.PasswordEnv)
	o.text("passwordFile", &s.PasswordFile)
	o.text("tokenEnv", &s.TokenEnv)
	o.text("tokenFile", &s.TokenFile)
	if v := o.value("tokenEndpoint"); v != nil {
		s.TokenEndpoint = &kafka.TokenEndpoint{}
		e := readOptions(rt, o.of+": tokenEndpoint", v)
		e.text("url", &s.TokenEndpoint.URL)
		e.text("clientId", &s.TokenEndpoint.ClientID)
		e.text("secretEnv", &s.TokenEndpoint.SecretEnv)
		e.text("secretFile", &s.TokenEndpoint.SecretFile)
		e.text("scope", &s.TokenEndpoint.Scope)
		e.text("caFile", &s.TokenEndpoint.CAFile)
		o.take(e.done())
	}
	o.required("mechanism", s.Mechanism)
	o.take(s.Check())
}

// take keeps an error of something nested, unless there is one already.
func (o *options) take(err error) {
	if err != nil && o.err == nil {
		o.err = fmt.Errorf("%s: %w", o.of, err)
	}
}

// config says how the client connects: as the script says, or as the profile does.
func (c clientOptions) config(ctx context.Context, p *process) (kafka.Config, error) {
	if c.Own {
		return c.Config, nil
	}
	config, err := p.resolve(ctx)
	if err == nil && c.Config.ClientID != "" {
		config.ClientID = c.Config.ClientID
	}
	return config, err
}

// lazy is a client that starts when it is first needed. A start that failed is tried again by the next call.
type lazy[T interface{ Close() error }] struct {
	options any // what it was made from, to compare those who share it
	start   func(context.Context) (T, error)
	events  *gathered // what the client measures outside any call; reported with the next call of whoever shares it

	mu     sync.Mutex
	client T
	live   bool
	closed bool
}

var errClosed = errors.New("the client is closed")

// get starts the client if need be. It first looks whether anything answers, so that a wrong address is an error within
// seconds that names it, and not a wait.
func (l *lazy[T]) get(ctx context.Context, p *process) (T, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return l.client, errClosed
	}
	if l.live {
		return l.client, nil
	}
	client, err := l.start(ctx)
	if err != nil {
		return client, err
	}
	l.client, l.live = client, true
	p.onEnd(l.close)
	return client, nil
}

// peek gives the client only where it runs already.
func (l *lazy[T]) peek() (T, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.client, l.live && !l.closed
}

func (l *lazy[T]) close() error {
	l.mu.Lock()
	live := l.live && !l.closed
	l.closed = true
	l.mu.Unlock()
	if !live {
		return nil
	}
	return l.client.Close()
}

// connect gives the configuration of a cluster that answers.
func (i *kafkaInstance) connect(ctx context.Context, c clientOptions) (kafka.Config, error) {
	config, err := c.config(ctx, i.module.process)
	if err != nil {
		return config, err
	}
	if dial, ok := ctx.Value(dialerKey{}).(kafka.DialFunc); ok && c.Shared == "" && config.Dialer == nil {
		config.Dialer = dial
	}
	_, err = kafka.Probe(ctx, config)
	return config, err
}

// dialerKey finds the virtual user's dialer in the context of a call. It counts data_sent and data_received for that user,
// so a client that several share dials for itself.
type dialerKey struct{}

// shareable finds the client that others use under the same name, or keeps this one for them. Who shares a client must
// want the same of it.
func shareable[T interface{ Close() error }](m *kafkaModule, class, name string, l *lazy[T]) (*lazy[T], error) {
	if name == "" {
		return l, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	key := class + " " + name
	if found, ok := m.shared[key].(*lazy[T]); ok {
		if !reflect.DeepEqual(found.options, l.options) {
			return nil, fmt.Errorf("%s: shared: %q is shared already with other options: give the same ones, or another name", class, name)
		}
		return found, nil
	}
	if m.shared == nil {
		m.shared = map[string]any{}
	}
	m.shared[key] = l
	return l, nil
}

// defaultTimeout bounds calls whose options name no timeout.
const defaultTimeout = time.Minute
