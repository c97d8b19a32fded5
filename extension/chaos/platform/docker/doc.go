// Package docker is a platform of containers: brokers that somebody else has set up with a Docker engine, and that are controlled over
// its API. Nothing is set up here, except copies of a container of a Compose service when brokers are added.
package docker
