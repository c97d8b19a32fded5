package docker

import (
	"context"
	"fmt"
	"net/url"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// engine is a Docker engine.
type engine struct {
	*client.Client
	machine string // where ports are that it publishes on all addresses
}

// connect finds the engine. That there is none is an error that says where it was looked for.
func connect(ctx context.Context, host string) (*engine, error) {
	options := []client.Opt{client.FromEnv}
	if host != "" {
		options = append(options, client.WithHost(host))
	}
	c, err := client.New(options...)
	if err != nil {
		return nil, fmt.Errorf("the Docker engine: %w: correct chaos.docker.host, or DOCKER_HOST and its kin", err)
	}
	ctx, cancel := context.WithTimeout(ctx, lastResort)
	defer cancel()
	if _, err := c.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true}); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("no Docker engine answers at %s: %w: start it (dockerd, or the service docker), or say where it is: "+
			"chaos.docker.host of the profile, or DOCKER_HOST", c.DaemonHost(), err)
	}
	e := &engine{Client: c, machine: "127.0.0.1"}
	if at, err := url.Parse(c.DaemonHost()); err == nil && at.Scheme == "tcp" {
		e.machine = at.Hostname()
	}
	return e, nil
}

// look inspects a container.
func (e *engine) look(ctx context.Context, id string) (container.InspectResponse, error) {
	found, err := e.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return container.InspectResponse{}, err
	}
	if found.Container.State == nil || found.Container.Config == nil || found.Container.HostConfig == nil {
		return container.InspectResponse{}, fmt.Errorf("the engine says too little of container %s: update it", id)
	}
	return found.Container, nil
}
