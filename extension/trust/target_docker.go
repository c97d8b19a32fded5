package trust

import (
	"context"
	"fmt"

	"k6suite/extension/chaos/platform"
	"k6suite/extension/chaos/platform/docker"
	"k6suite/extension/profile"
)

// openContainers finds the brokers, where they are containers.
func (t *Target) openContainers(ctx context.Context, o TargetOptions) error {
	if t.Profile.Chaos == nil || t.Profile.Chaos.Platform != profile.DockerPlatform {
		return nil
	}
	opened, err := docker.Open(ctx, docker.Options{Docker: t.Profile.Chaos.Docker, Dir: o.Dir})
	if err != nil {
		return fmt.Errorf("profile %s: %w", t.Profile.Name, err)
	}
	t.platform = opened
	brokers, err := opened.Brokers(ctx)
	if err == nil {
		err = t.awaitMembers(ctx, asMembers(brokers)) // also, whether they have the ids that labels or the profile tell
	}
	if err != nil {
		return fmt.Errorf("profile %s: %w", t.Profile.Name, err)
	}
	return nil
}

func asMembers(brokers []platform.Broker) (out []profile.Broker) {
	for _, b := range brokers {
		out = append(out, profile.Broker{ID: b.ID, Address: b.Address})
	}
	return out
}

// notes tell what was found of the target before the run, and put right.
func (t *Target) notes() []string {
	if p, ok := t.platform.(interface{ Notes() []string }); ok {
		return p.Notes()
	}
	return nil
}
