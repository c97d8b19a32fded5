package docker

import (
	"context"
	"fmt"
	"net"
	"strconv"
)

// EnvAddress is the environment variable by which a copy on the host's network learns where it is to listen.
const EnvAddress = "K6SUITE_BROKER_ADDRESS"

// ports is how many are tried for a copy.
const ports = 100

// place is where a copy is to listen: on the host's network all containers share one address, so it takes the next port that is free;
// "" on other networks, where it has an address of its own. The caller has the lock.
func (p *Platform) place(ctx context.Context, template found, all []found) (string, error) {
	if !template.is.HostConfig.NetworkMode.IsHost() {
		return "", nil
	}
	address := template.address
	if address == "" {
		var err error
		if address, err = p.engine.addressOf(template.is, p.settings.Port); err != nil {
			return "", fmt.Errorf("container %s: %w", template.name(), err)
		}
	}
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("container %s: label %s=%q: %w", template.name(), LabelAddress, address, err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return "", fmt.Errorf("container %s: port %q of %q is no number", template.name(), text, address)
	}
	taken := map[string]bool{}
	for _, f := range all {
		taken[f.address] = true
	}
	for next := port + 1; next <= port+ports; next++ {
		at := net.JoinHostPort(host, strconv.Itoa(next))
		if !taken[at] && !listens(ctx, at) {
			return at, nil
		}
	}
	return "", fmt.Errorf("none of the %d ports after that of container %s (%s) is free: end what listens there", ports, template.name(),
		address)
}

// listens reports whether anybody takes connections, whether he serves them or not.
func listens(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
