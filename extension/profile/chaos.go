package profile

import (
	"fmt"
	"slices"
)

// Chaos is what faults can act on.
type Chaos struct {
	Platform   string   `json:"platform,omitempty"` // embedded, process, docker, kubernetes, agent; empty: brokers are not controlled
	KafkaProxy string   `json:"kafkaProxy"`         // between clients and brokers: off, mirror, single-endpoint
	Lease      Duration `json:"lease"`              // until others take over what a dead broker had; default 0s: unknown

	// For ProcessPlatform only.
	Brokers   []Broker `json:"brokers,omitempty"`
	Spares    []Broker `json:"spares,omitempty"`    // started when brokers are added, in this order
	Processes []Helper `json:"processes,omitempty"` // started before the brokers, in this order

	Docker *Docker `json:"docker,omitempty"` // for DockerPlatform only
}

// Values of Chaos.Platform.
const (
	EmbeddedPlatform = "embedded"
	ProcessPlatform  = "process"
	DockerPlatform   = "docker"
)

// Values of Chaos.KafkaProxy.
const (
	NoKafkaProxy        = "off"
	MirrorProxy         = "mirror"
	SingleEndpointProxy = "single-endpoint"
)

// Broker is one broker as a process.
type Broker struct {
	ID      int32  `json:"id"`      // its node id
	Address string `json:"address"` // host:port where it listens
	Command
}

// Helper is another process that brokers need, such as a store.
type Helper struct {
	Name string `json:"name"`
	Command
}

// Command is how a process is started, and when it is ready. Its texts may hold placeholders: see Expand.
type Command struct {
	Start []string          `json:"start"`         // program and arguments
	Dir   string            `json:"dir,omitempty"` // working directory; "": that of k6
	Env   map[string]string `json:"env,omitempty"` // besides the variables of k6
	Ready Ready             `json:"ready"`
}

// Ready says when a process serves. At most one of Port and HTTP is set; without them a broker serves when its address accepts.
type Ready struct {
	Port    int      `json:"port,omitempty"` // of 127.0.0.1: it accepts connections
	HTTP    string   `json:"http,omitempty"` // URL that answers with a status from 200 to 299
	Timeout Duration `json:"timeout"`        // how long it may take, default 30s
}

// check finds what no schema can: two processes that could not both be there. The error begins with the path below chaos.
func (c *Chaos) check() error {
	if c == nil {
		return nil
	}
	ids, addresses, names := map[int32]string{}, map[string]string{}, map[string]string{}
	for i, b := range slices.Concat(c.Brokers, c.Spares) {
		at := fmt.Sprintf("brokers[%d]", i)
		if i >= len(c.Brokers) {
			at = fmt.Sprintf("spares[%d]", i-len(c.Brokers))
		}
		if other := ids[b.ID]; other != "" {
			return fmt.Errorf("%s.id: %d is the id of %s, too", at, b.ID, other)
		}
		if other := addresses[b.Address]; other != "" {
			return fmt.Errorf("%s.address: %s is the address of %s, too", at, b.Address, other)
		}
		ids[b.ID], addresses[b.Address] = at, at
	}
	for i, h := range c.Processes {
		at := fmt.Sprintf("processes[%d]", i)
		if other := names[h.Name]; other != "" {
			return fmt.Errorf("%s.name: %s is the name of %s, too", at, h.Name, other)
		}
		names[h.Name] = at
	}
	return c.Docker.check()
}
