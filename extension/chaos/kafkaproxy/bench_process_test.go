package kafkaproxy_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"k6suite/extension/chaos/kafkaproxy"
)

// roleVariable says that this process is no test, but a part of a benchmark.
const roleVariable = "KAFKAPROXY_BENCH_ROLE"

// What a process of a benchmark can be.
const (
	roleInstant     = "instant"
	roleKfake       = "kfake"
	roleMirror      = "mirror"
	roleSingle      = "single"
	rolePassthrough = "passthrough"
)

// playRole runs the part of a benchmark that this process has, until its standard input ends. It reports whether it has one.
func playRole() bool {
	role := os.Getenv(roleVariable)
	if role == "" {
		return false
	}
	addresses, err := startRole(role, os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(strings.Join(addresses, ","))
	_, _ = io.Copy(io.Discard, os.Stdin)
	return true
}

// startRole starts what a role is, and returns where it listens.
func startRole(role string, brokers []string) ([]string, error) {
	options := kafkaproxy.Options{Brokers: brokers}
	switch role {
	case roleInstant:
		s, err := startInstantBrokers()
		if err != nil {
			return nil, err
		}
		return s.addresses(), nil
	case roleKfake:
		c, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.SeedTopics(benchPartitions, benchTopic))
		if err != nil {
			return nil, err
		}
		return c.ListenAddrs(), nil
	case roleSingle:
		options.SingleEndpoint = true
	case rolePassthrough:
		options.Passthrough = true
	}
	p, err := kafkaproxy.Start(context.Background(), options)
	if err != nil {
		return nil, err
	}
	return p.Addresses(), nil
}

// process is a part of a benchmark that runs in a process of its own, as it would in earnest: none shares a heap with another.
type process struct {
	pid       int
	addresses []string
}

func startProcess(b *testing.B, role string, brokers ...string) process {
	b.Helper()
	cmd := exec.Command(os.Args[0], brokers...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	return run(b, cmd)
}

// run starts a process that prints its addresses and ends with its input.
func run(b *testing.B, cmd *exec.Cmd) process {
	b.Helper()
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(b, err)
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	b.Cleanup(func() {
		require.NoError(b, in.Close())
		require.NoError(b, cmd.Wait())
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(b, err)
	return process{cmd.Process.Pid, strings.Split(strings.TrimSpace(line), ",")}
}
