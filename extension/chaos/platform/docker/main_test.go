package docker_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"

	"go.uber.org/goleak"

	"k6suite/extension/chaos/platform/docker"
	"k6suite/extension/profile"
)

// The test binary is also a k6 that is going to be killed.
func TestMain(m *testing.M) {
	if len(os.Args) == 5 && os.Args[1] == "play" {
		if err := playK6(os.Args[2], os.Args[3], os.Args[4]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// playK6 opens a platform, pauses its first broker, has one broker more, and waits for its death.
func playK6(project, service, dir string) error {
	ctx := context.Background()
	p, err := docker.Open(ctx, docker.Options{Docker: &profile.Docker{Project: project, Service: service, Port: 9092}, Dir: dir})
	if err != nil {
		return err
	}
	if _, err := p.Add(ctx); err != nil {
		return err
	}
	if err := p.Pause(ctx, 1); err != nil {
		return err
	}
	fmt.Println("paused")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return nil
}
