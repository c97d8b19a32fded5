package docker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"k6suite/extension/profile"
)

// found is a container that is a broker, or could be one.
type found struct {
	id      int32  // the broker's
	address string // that a label or the profile tells; "": found out when it runs
	is      container.InspectResponse
}

func (f found) name() string { return strings.TrimPrefix(f.is.Name, "/") }

// find looks for the brokers, and for the spares, in the order of the profile.
func find(ctx context.Context, e *engine, d *profile.Docker) (brokers, spares []found, err error) {
	if len(d.Brokers) > 0 {
		brokers, err = named(ctx, e, "brokers", d.Brokers)
	} else {
		brokers, err = labelled(ctx, e, d)
	}
	if err != nil {
		return nil, nil, err
	}
	spares, err = named(ctx, e, "spares", d.Spares)
	if err != nil {
		return nil, nil, err
	}
	ids := map[int32]string{}
	for _, f := range slices.Concat(brokers, spares) {
		if other := ids[f.id]; other != "" {
			return nil, nil, fmt.Errorf("container %s has the broker id %d, and %s has it, too: give each its own, by the label %s",
				f.name(), f.id, other, LabelID)
		}
		ids[f.id] = f.name()
		if f.is.HostConfig.AutoRemove {
			return nil, nil, fmt.Errorf("container %s was made with --rm: it would be gone once it is killed: make it without", f.name())
		}
	}
	return brokers, spares, nil
}

// named looks for containers that the profile names one by one.
func named(ctx context.Context, e *engine, list string, from []profile.Container) (out []found, err error) {
	for i, c := range from {
		is, bad := e.look(ctx, c.Container)
		if errdefs.IsNotFound(bad) {
			bad = fmt.Errorf("chaos.docker.%s[%d]: there is no container %s at %s: make it (docker create, or docker compose up --no-start), "+
				"or correct the name", list, i, c.Container, e.DaemonHost())
		}
		if bad != nil {
			err = errors.Join(err, bad)
			continue
		}
		out = append(out, found{id: c.ID, address: c.Address, is: is})
	}
	return out, err
}

// labelled looks for the containers of a Compose service, or of a label.
func labelled(ctx context.Context, e *engine, d *profile.Docker) ([]found, error) {
	filters, what := client.Filters{}, fmt.Sprintf("with label %s", d.Label)
	if d.Service != "" {
		filters.Add("label", composeProject+"="+d.Project, composeService+"="+d.Service)
		what = fmt.Sprintf("of service %s in Compose project %s", d.Service, d.Project)
	} else {
		filters.Add("label", d.Label)
	}
	listed, err := e.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: filters})
	if err != nil {
		return nil, err
	}
	var out []found
	for _, one := range listed.Items {
		if one.Labels[composeOneOff] == "True" {
			continue // docker compose run
		}
		is, err := e.look(ctx, one.ID)
		if err != nil {
			return nil, err
		}
		f := found{is: is, address: is.Config.Labels[LabelAddress]}
		if f.id, err = idOf(f, d.Service != ""); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("there is no container %s at %s: start the target (docker compose up -d), or correct chaos.docker",
			what, e.DaemonHost())
	}
	slices.SortFunc(out, func(a, b found) int { return int(a.id) - int(b.id) })
	return out, nil
}

// idOf is the broker's node id: that of its label, else its number in a Compose service.
func idOf(f found, service bool) (int32, error) {
	text, label := f.is.Config.Labels[LabelID], LabelID
	if text == "" && service {
		text, label = f.is.Config.Labels[composeNumber], composeNumber
	}
	if text == "" {
		return 0, fmt.Errorf("container %s has no label %s: give it one with the broker's node id", f.name(), LabelID)
	}
	id, err := strconv.ParseInt(text, 10, 32)
	if err != nil || id < 0 {
		return 0, fmt.Errorf("container %s: label %s=%q: want a broker's node id, a whole number", f.name(), label, text)
	}
	return int32(id), nil
}
