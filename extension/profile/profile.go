// Package profile says where the system under test is, what it promises and how to talk to it. Profiles live in
// config/profiles.json; config/profile.schema.json is the one source of their validation, their defaults and the names
// of the environment variables that override single values.
package profile

import (
	"encoding/json"
	"fmt"
)

// Embedded is the system that is started inside the k6 process, and the name of the profile that is used when none is
// named: it needs nothing installed and nothing running.
const Embedded = "embedded"

// Profile is one checked profile with every default filled in. It holds no secret, only the names of the environment
// variables and files that do, so printing it or turning it into JSON is safe.
type Profile struct {
	Name        string          `json:"name"`
	File        string          `json:"file"`  // where it was read; "built in" for the copy inside the binary
	RunID       string          `json:"runId"` // K6_RUN_ID, or random
	Description string          `json:"description"`
	System      string          `json:"system"`            // embedded, kafka, kafscale, k6suite, other
	Version     string          `json:"version,omitempty"` // of the system, for reports: nobody checks it
	Save        bool            `json:"save"`              // each run beside its verdict, to be judged again
	Brokers     []string        `json:"brokers"`           // host:port; empty on the embedded target
	Claims      Claims          `json:"claims"`
	Limits      Limits          `json:"limits"`
	Topics      Topics          `json:"topics"`
	Client      Client          `json:"client"`
	Principals  []Principal     `json:"principals"`            // whose rights are tried: two, or none
	ObjectStore *ObjectStore    `json:"objectStore,omitempty"` // nil: none, or the embedded target's own
	Metrics     []string        `json:"metrics"`               // Prometheus URLs, one a broker
	Embedded    *EmbeddedTarget `json:"embedded,omitempty"`    // nil unless System is embedded
	Chaos       *Chaos          `json:"chaos,omitempty"`       // nil: nothing can be disturbed

	LedgerMemory int `json:"ledgerMemory"` // MiB that the ledger's pages may take of each k6 process; default 256
}

// Claims is what the target promises. What it does not promise is reported as NOT CLAIMED.
type Claims struct {
	SingleEndpoint   bool `json:"singleEndpoint"`
	Stateless        bool `json:"stateless"`
	Elastic          bool `json:"elastic"`
	ObjectStorage    bool `json:"objectStorage"`
	Idempotence      bool `json:"idempotence"`
	Transactions     bool `json:"transactions"`
	Groups           bool `json:"groups"`
	ServerSideGroups bool `json:"serverSideGroups"`
	AutoCreation     bool `json:"autoCreation"`
	ACLs             bool `json:"acls"`
	TLS              bool `json:"tls"`
	Metrics          bool `json:"metrics"`
}

// Map gives the claims by the names that the profile uses.
func (c Claims) Map() map[string]bool {
	return map[string]bool{
		"singleEndpoint":   c.SingleEndpoint,
		"stateless":        c.Stateless,
		"elastic":          c.Elastic,
		"objectStorage":    c.ObjectStorage,
		"idempotence":      c.Idempotence,
		"transactions":     c.Transactions,
		"groups":           c.Groups,
		"serverSideGroups": c.ServerSideGroups,
		"autoCreation":     c.AutoCreation,
		"acls":             c.ACLs,
		"tls":              c.TLS,
		"metrics":          c.Metrics,
	}
}

// Limits are the bounds that requirements use.
type Limits struct {
	Connect         Duration `json:"connect"`         // first contact, default 10s
	Recovery        Duration `json:"recovery"`        // after a fault was healed, default 5s
	Stuck           Duration `json:"stuck"`           // no progress after all faults were healed, default 20s
	DuplicateBudget int64    `json:"duplicateBudget"` // records a run, for producers without idempotence; default 0
	Connections     int      `json:"connections"`     // that can be open at once, default 10000
	Release         Duration `json:"release"`         // until what was held for closed connections is back, default 30s
	MemoryKept      int      `json:"memoryKept"`      // MiB that may be left of it, default 256
}

// Topics is how the suite creates topics.
type Topics struct {
	ReplicationFactor int16 `json:"replicationFactor"` // -1, the default: the broker's default (KIP-464)
}

// Client is how clients connect.
type Client struct {
	ID          string   `json:"id"`                   // client.id, default k6suite
	MaxVersion  string   `json:"maxVersion,omitempty"` // highest Kafka version to speak, "" for what the broker offers
	DialTimeout Duration `json:"dialTimeout"`          // one connection, default 5s
	TLS         TLS      `json:"tls"`
	SASL        *SASL    `json:"sasl,omitempty"` // nil: no authentication
}

// TLS is how connections are encrypted. Files are PEM; an empty CAFile means the system's authorities.
type TLS struct {
	Enabled            bool   `json:"enabled"`
	CAFile             string `json:"caFile,omitempty"`
	CertFile           string `json:"certFile,omitempty"`
	KeyFile            string `json:"keyFile,omitempty"`
	ServerName         string `json:"serverName,omitempty"`
	InsecureSkipVerify bool   `json:"insecureSkipVerify"`
}

// ObjectStore is the bucket behind the target.
type ObjectStore struct {
	Endpoint     string `json:"endpoint"` // http://host:port or https://host
	Bucket       string `json:"bucket"`
	Prefix       string `json:"prefix"`       // keys begin with it and a slash; KafScale's namespace, default "default"
	Layout       string `json:"layout"`       // kafscale
	Region       string `json:"region"`       // default us-east-1
	AccessKeyEnv string `json:"accessKeyEnv"` // name of a variable, default AWS_ACCESS_KEY_ID
	SecretKeyEnv string `json:"secretKeyEnv"` // name of a variable, default AWS_SECRET_ACCESS_KEY
	Anonymous    bool   `json:"anonymous"`    // requests are not signed
	// Proxy stands before the store for faults on storage, at most one of the two: one that k6 starts, or the control of one that runs.
	Proxy   *StoreProxy `json:"proxy,omitempty"`
	Control string      `json:"control,omitempty"` // its URL
}

// StoreProxy is a proxy that k6 starts before the object store. Brokers must use its address as their endpoint.
type StoreProxy struct {
	Listen string `json:"listen"` // 127.0.0.1:port
}

// EmbeddedTarget describes the target that is started inside the k6 process.
type EmbeddedTarget struct {
	Brokers    int       `json:"brokers"`            // default 3
	Partitions int       `json:"partitions"`         // of a topic created without saying how many, default 3
	StoreDir   string    `json:"storeDir,omitempty"` // folder of its own S3 store; "" keeps it in memory
	Principals string    `json:"principals"`         // PrincipalsBySASL or PrincipalsByClientID: who clients are, where ACLs are claimed
	TLS        ServerTLS `json:"tls"`                // default NoTLS
}

// How the embedded target tells its principals apart.
const (
	PrincipalsBySASL     = "sasl"
	PrincipalsByClientID = "client-id"
)

// Principal is somebody whose rights are tried.
type Principal struct {
	Name     string `json:"name"`
	User     string `json:"user,omitempty"`     // as ACLs name it; "": "User:" and Name
	ClientID string `json:"clientId,omitempty"` // "": as Client says
	SASL     *SASL  `json:"sasl,omitempty"`
	Owns     string `json:"owns,omitempty"` // how the names of all begin that it may use; "": the suite grants it what it needs
}

// String gives the profile as one line for people.
func (p *Profile) String() string {
	return fmt.Sprintf("%s (%s, %s): %s", p.Name, p.System, p.File, p.Description)
}

// Object gives the profile as plain maps, slices and scalars, under the names of profiles.json: what scripts see.
func (p *Profile) Object() (map[string]any, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("profile %s as an object: %w", p.Name, err)
	}
	var object map[string]any
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, fmt.Errorf("profile %s as an object: %w", p.Name, err)
	}
	return object, nil
}
