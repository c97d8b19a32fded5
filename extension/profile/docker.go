package profile

import (
	"fmt"
	"slices"
)

// Docker says which containers are the brokers of a target: those of a Compose service, those that carry a label, or those that are
// named one by one.
type Docker struct {
	Host    string `json:"host,omitempty"`    // of the engine, unix:// or tcp://; "": DOCKER_HOST, else the engine's own default
	Project string `json:"project,omitempty"` // Compose project; with Service
	Service string `json:"service,omitempty"` // Compose service; with Project
	Label   string `json:"label,omitempty"`   // "key" or "key=value"

	Brokers []Container `json:"brokers,omitempty"`
	Spares  []Container `json:"spares,omitempty"` // run only when brokers are added, in this order

	Port  int      `json:"port,omitempty"` // where brokers listen inside their containers; 0: the one TCP port that they publish
	Stop  Duration `json:"stop"`           // how long a broker may take to end after SIGTERM, default 10s
	Ready Duration `json:"ready"`          // how long a broker may take to serve, default 1m
}

// Container is one broker as a container.
type Container struct {
	ID        int32  `json:"id"`        // its node id
	Address   string `json:"address"`   // host:port where it listens, as seen from here
	Container string `json:"container"` // its name, or id
}

// check finds two brokers that could not both be there. The error begins with the path below chaos.
func (d *Docker) check() error {
	if d == nil {
		return nil
	}
	ids, addresses, names := map[int32]string{}, map[string]string{}, map[string]string{}
	for i, c := range slices.Concat(d.Brokers, d.Spares) {
		at := fmt.Sprintf("brokers[%d]", i)
		if i >= len(d.Brokers) {
			at = fmt.Sprintf("spares[%d]", i-len(d.Brokers))
		}
		if other := ids[c.ID]; other != "" {
			return fmt.Errorf("docker.%s.id: %d is the id of %s, too", at, c.ID, other)
		}
		if other := addresses[c.Address]; other != "" {
			return fmt.Errorf("docker.%s.address: %s is the address of %s, too", at, c.Address, other)
		}
		if other := names[c.Container]; other != "" {
			return fmt.Errorf("docker.%s.container: %s is the container of %s, too", at, c.Container, other)
		}
		ids[c.ID], addresses[c.Address], names[c.Container] = at, at, at
	}
	return nil
}
