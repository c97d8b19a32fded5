package trust

import (
	"time"

	"k6suite/extension/kafka"
	"k6suite/extension/profile"
)

// clientConfig says how clients of a profile connect.
func clientConfig(p *profile.Profile, brokers []string) kafka.Config {
	cfg := kafka.Config{
		Brokers: brokers, ClientID: p.Client.ID, MaxVersion: p.Client.MaxVersion, DialTimeout: time.Duration(p.Client.DialTimeout),
	}
	if t := p.Client.TLS; t.Enabled {
		cfg.TLS = &kafka.TLS{
			CAFile: t.CAFile, CertFile: t.CertFile, KeyFile: t.KeyFile,
			ServerName: t.ServerName, InsecureSkipVerify: t.InsecureSkipVerify,
		}
	}
	cfg.SASL = saslOf(p.Client.SASL)
	return cfg
}

func saslOf(s *profile.SASL) *kafka.SASL {
	if s == nil {
		return nil
	}
	sasl := &kafka.SASL{
		Mechanism: s.Mechanism, User: s.User, PasswordEnv: s.PasswordEnv, PasswordFile: s.PasswordFile, TokenEnv: s.TokenEnv,
		TokenFile: s.TokenFile,
	}
	if e := s.TokenEndpoint; e != nil {
		sasl.TokenEndpoint = &kafka.TokenEndpoint{
			URL: e.URL, ClientID: e.ClientID, SecretEnv: e.SecretEnv, SecretFile: e.SecretFile, Scope: e.Scope, CAFile: e.CAFile,
		}
	}
	return sasl
}
