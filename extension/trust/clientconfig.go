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
	if s := p.Client.SASL; s != nil {
		cfg.SASL = &kafka.SASL{Mechanism: s.Mechanism, User: s.User, PasswordEnv: s.PasswordEnv, PasswordFile: s.PasswordFile}
	}
	return cfg
}
