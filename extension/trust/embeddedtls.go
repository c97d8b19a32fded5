package trust

import (
	"k6suite/extension/embedded"
	"k6suite/extension/kafka"
	"k6suite/extension/profile"
)

// embeddedTLS says whether clients of the embedded target speak TLS.
func embeddedTLS(p *profile.Profile) *embedded.TLS {
	if p.Embedded.TLS == profile.NoTLS {
		return nil
	}
	return &embedded.TLS{Mutual: p.Embedded.TLS == profile.MutualTLS}
}

// trustCluster has clients trust the authority that the cluster has made, and show the certificate that it has made for them, unless the
// profile names files of its own.
func trustCluster(cfg *kafka.Config, cluster *embedded.Cluster) {
	if cfg.TLS == nil {
		return
	}
	if cfg.TLS.CAFile == "" {
		cfg.TLS.CA = cluster.Authority()
	}
	if cfg.TLS.CertFile == "" {
		own := cluster.Identity()
		cfg.TLS.Cert, cfg.TLS.Key = own.Cert, own.Key
	}
}
