package trust

import (
	"fmt"
	"slices"

	"k6suite/extension/chaos/platform"
	"k6suite/extension/profile"
)

// Need is something that a script does to its target: a change of brokers, as platforms name it, or one of the two here.
type Need string

// What scripts do to a target that is no change of brokers.
const (
	NeedStorage Need = "storage" // faults between brokers and object storage
	NeedWire    Need = "wire"    // faults on messages between clients and brokers
)

// Needs are all that can be needed.
func Needs() []Need {
	return []Need{
		NeedStorage, NeedWire, Need(platform.CanKill), Need(platform.CanStop), Need(platform.CanStart), Need(platform.CanPause),
		Need(platform.CanAdd), Need(platform.CanRemove),
	}
}

// Unable says why some of the needs cannot be met on a profile's target, and what to do; "" if all can.
func Unable(p *profile.Profile, needs ...Need) string {
	for _, need := range needs {
		if need != NeedStorage && need != NeedWire && absent(p) {
			return fmt.Sprintf("profile %s has its brokers controlled by chaos.platform %s, which is not there yet (there are: %s, %s, %s)",
				p.Name, p.Chaos.Platform, profile.EmbeddedPlatform, profile.ProcessPlatform, profile.DockerPlatform)
		}
		if why := unable(p, need); why != "" {
			return fmt.Sprintf("profile %s says nothing of how %s", p.Name, why)
		}
	}
	return ""
}

// absent says that nobody has written the platform yet that a profile names.
func absent(p *profile.Profile) bool {
	there := []string{"", profile.EmbeddedPlatform, profile.ProcessPlatform, profile.DockerPlatform}
	return p.Chaos != nil && !slices.Contains(there, p.Chaos.Platform)
}

func unable(p *profile.Profile, need Need) string {
	chaos := p.Chaos
	if chaos == nil {
		chaos = &profile.Chaos{KafkaProxy: profile.NoKafkaProxy}
	}
	embedded := p.System == profile.Embedded
	switch need {
	case NeedStorage:
		if !embedded && (p.ObjectStore == nil || p.ObjectStore.Proxy == nil && p.ObjectStore.Control == "") {
			return "its way to object storage is disturbed: objectStore.proxy or objectStore.control"
		}
	case NeedWire:
		if (!embedded || !p.Claims.SingleEndpoint) && chaos.KafkaProxy == profile.NoKafkaProxy {
			return "messages are disturbed: chaos.kafkaProxy, mirror or single-endpoint"
		}
	case Need(platform.CanAdd), Need(platform.CanRemove):
		if chaos.Platform == profile.ProcessPlatform && len(chaos.Spares) == 0 {
			return "a broker is added: chaos.spares"
		}
		if docker := chaos.Docker; docker != nil && len(docker.Spares) == 0 && docker.Service == "" {
			return "a broker is added: chaos.docker.spares, or a Compose service"
		}
		fallthrough
	default:
		if chaos.Platform == "" && !embedded {
			return "its brokers are controlled: chaos.platform"
		}
	}
	return ""
}
