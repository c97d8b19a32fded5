package docker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

// EnvID is the environment variable by which a copy learns its node id.
const EnvID = "K6SUITE_BROKER_ID"

// copyOne makes one container more of the Compose service, as docker compose up --scale would: the engine itself knows no services. It is
// not started. The caller has the lock.
func (p *Platform) copyOne(ctx context.Context) (*box, error) {
	all, err := labelled(ctx, p.engine, p.settings)
	if err != nil {
		return nil, err
	}
	number, id := 0, int32(0)
	for _, f := range all {
		n, _ := strconv.Atoi(f.is.Config.Labels[composeNumber])
		number, id = max(number, n), max(id, f.id)
	}
	for _, b := range slices.Concat(p.brokers, p.spares) {
		id = max(id, b.id)
	}
	number, id = number+1, id+1
	template := all[0]
	name := copyName(template, number)
	address, err := p.place(ctx, template, all)
	if err != nil {
		return nil, err
	}
	made, err := p.engine.create(ctx, template.is, name, copyConfig(template.is, number, id, address))
	if err != nil {
		return nil, fmt.Errorf("a copy of container %s: %w", template.name(), err)
	}
	is, err := p.engine.look(ctx, made)
	if err != nil {
		return nil, errors.Join(err, p.engine.drop(ctx, made))
	}
	return newBox(p.engine, p.options, found{id: id, address: address, is: is}, copied), nil
}

var lastNumber = regexp.MustCompile(`[0-9]+$`)

// copyName is the name that Compose would give: that of the template with another number.
func copyName(template found, number int) string {
	name, was := template.name(), template.is.Config.Labels[composeNumber]
	if was != "" && lastNumber.FindString(name) == was {
		return strings.TrimSuffix(name, was) + strconv.Itoa(number)
	}
	return fmt.Sprintf("%s-%d", name, number)
}

// copyConfig is that of the template, with what must be its own.
func copyConfig(template container.InspectResponse, number int, id int32, address string) *container.Config {
	c := *template.Config
	c.Image = template.Image // its name may stand for another image by now
	if strings.HasPrefix(template.ID, c.Hostname) {
		c.Hostname = "" // which the engine had chosen
	}
	c.Labels = maps.Clone(c.Labels)
	c.Labels[composeNumber], c.Labels[LabelCopy], c.Labels[LabelID] = strconv.Itoa(number), "true", strconv.Itoa(int(id))
	delete(c.Labels, LabelAddress)
	c.Env = slices.DeleteFunc(slices.Clone(c.Env), func(e string) bool {
		return strings.HasPrefix(e, EnvID+"=") || strings.HasPrefix(e, EnvAddress+"=")
	})
	c.Env = append(c.Env, fmt.Sprintf("%s=%d", EnvID, id))
	if address != "" {
		c.Labels[LabelAddress] = address
		c.Env = append(c.Env, EnvAddress+"="+address)
	}
	return &c
}

// create makes a container that is on the same networks as its template, with addresses and published ports of its own.
func (e *engine) create(ctx context.Context, template container.InspectResponse, name string, config *container.Config) (string, error) {
	host := *template.HostConfig
	host.PortBindings = network.PortMap{}
	for port, bindings := range template.HostConfig.PortBindings {
		for _, b := range bindings {
			host.PortBindings[port] = append(host.PortBindings[port], network.PortBinding{HostIP: b.HostIP})
		}
	}
	networks := endpoints(template)
	first := &network.NetworkingConfig{}
	mode := host.NetworkMode.NetworkName()
	if own, ok := networks[mode]; ok { // engines before 1.44 take one only
		first.EndpointsConfig = map[string]*network.EndpointSettings{mode: own}
		delete(networks, mode)
	}
	made, err := e.ContainerCreate(ctx, client.ContainerCreateOptions{Config: config, HostConfig: &host, NetworkingConfig: first, Name: name})
	if err != nil {
		return "", err
	}
	for _, other := range slices.Sorted(maps.Keys(networks)) {
		if _, err := e.NetworkConnect(ctx, other, client.NetworkConnectOptions{Container: made.ID, EndpointConfig: networks[other]}); err != nil {
			return "", errors.Join(fmt.Errorf("network %s: %w", other, err), e.drop(ctx, made.ID))
		}
	}
	return made.ID, nil
}

func (e *engine) drop(ctx context.Context, id string) error {
	_, err := e.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	return err
}

// endpoints are the networks of a container that have names, with the names by which it is known to others there, but for its own.
func endpoints(template container.InspectResponse) map[string]*network.EndpointSettings {
	out := map[string]*network.EndpointSettings{}
	if template.NetworkSettings == nil || !template.HostConfig.NetworkMode.IsUserDefined() {
		return out
	}
	for name, at := range template.NetworkSettings.Networks {
		own := &network.EndpointSettings{}
		for _, alias := range at.Aliases {
			if alias != strings.TrimPrefix(template.Name, "/") && !strings.HasPrefix(template.ID, alias) {
				own.Aliases = append(own.Aliases, alias)
			}
		}
		out[name] = own
	}
	return out
}
