package docker

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
)

// addressOf says where a running container listens, as seen from k6. A container's own address may be another one after each start.
func (e *engine) addressOf(is container.InspectResponse, port int) (string, error) {
	published := publishedPorts(is)
	if port == 0 {
		if len(published) != 1 {
			return "", fmt.Errorf("nothing says where it listens: give it the label %s, or set chaos.docker.port", LabelAddress)
		}
		for p := range published {
			port = int(p.Num())
		}
	}
	for p, binding := range published {
		if int(p.Num()) == port {
			return net.JoinHostPort(e.reachable(binding.HostIP), binding.HostPort), nil
		}
	}
	if is.HostConfig.NetworkMode.IsHost() {
		return net.JoinHostPort(e.machine, strconv.Itoa(port)), nil
	}
	if is.NetworkSettings != nil {
		for _, name := range slices.Sorted(maps.Keys(is.NetworkSettings.Networks)) {
			if at := is.NetworkSettings.Networks[name]; at != nil && at.IPAddress.IsValid() {
				return net.JoinHostPort(at.IPAddress.String(), strconv.Itoa(port)), nil
			}
		}
	}
	return "", fmt.Errorf("it does not publish port %d, and has no address of its own: give it the label %s", port, LabelAddress)
}

// publishedPorts are the TCP ports of a container that can be reached from outside.
func publishedPorts(is container.InspectResponse) map[network.Port]network.PortBinding {
	out := map[network.Port]network.PortBinding{}
	if is.NetworkSettings == nil {
		return out
	}
	for port, bindings := range is.NetworkSettings.Ports {
		if port.Proto() == network.TCP && len(bindings) > 0 {
			out[port] = bindings[0]
		}
	}
	return out
}

// reachable is the address to dial for one on which something listens.
func (e *engine) reachable(ip netip.Addr) string {
	if !ip.IsValid() || ip.IsUnspecified() {
		return e.machine
	}
	return ip.String()
}
