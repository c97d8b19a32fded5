package docker

import (
	"errors"
	"path/filepath"
	"time"

	"k6suite/extension/profile"
)

// Options say which containers are controlled.
type Options struct {
	// Docker says where the engine is, and which containers are brokers.
	Docker *profile.Docker
	// Dir is the run's folder, where the containers' logs are kept. It is made where it is missing.
	Dir string
}

// The labels by which containers say who they are.
const (
	// LabelID has a broker's node id in Kafka's metadata.
	LabelID = "k6suite.broker.id"
	// LabelAddress has host:port where a broker listens, as seen from k6.
	LabelAddress = "k6suite.broker.address"
	// LabelCopy marks containers that were made here, to add a broker.
	LabelCopy = "k6suite.copy"

	composeProject = "com.docker.compose.project"
	composeService = "com.docker.compose.service"
	composeNumber  = "com.docker.compose.container-number"
	composeOneOff  = "com.docker.compose.oneoff"
)

const (
	defaultStop  = 10 * time.Second
	defaultReady = time.Minute
	// lastResort is how long the engine may take for what it does at once.
	lastResort = 10 * time.Second
)

func (o Options) withDefaults() (Options, error) {
	if o.Docker == nil {
		return o, errors.New("the profile names no container: chaos.docker")
	}
	if o.Dir == "" {
		return o, errors.New("it needs a folder for the containers' logs")
	}
	settings := *o.Docker
	if settings.Stop <= 0 {
		settings.Stop = profile.Duration(defaultStop)
	}
	if settings.Ready <= 0 {
		settings.Ready = profile.Duration(defaultReady)
	}
	o.Docker = &settings
	dir, err := filepath.Abs(o.Dir)
	o.Dir = dir
	return o, err
}
