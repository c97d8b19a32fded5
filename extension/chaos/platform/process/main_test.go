package process_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"k6suite/extension/chaos/platform/guard"
	"k6suite/extension/chaos/platform/process"
)

// The test binary is also what the tests start: a guard, brokers, and a k6 that is going to be killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "play" {
		if err := play(os.Args[2], os.Args[3:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func play(role string, args []string) error {
	switch role {
	case "guard":
		signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
		return guard.Run(os.Stdin, os.Stdout)
	case "broker":
		return playBroker(args[0], args[1:])
	case "k6":
		return playK6(args[0], args[1:])
	}
	return fmt.Errorf("no role %q", role)
}

// playBroker accepts connections, and says on each who it is: its process number.
func playBroker(address string, traits []string) error {
	fmt.Println("serving", address, os.Getenv("GREETING"))
	for _, trait := range traits {
		switch trait {
		case "deaf":
			signal.Ignore(syscall.SIGTERM)
		case "broken":
			return errors.New("no disk is left")
		case "silent":
			select {}
		case "parent": // of one in a group of its own
			child := exec.Command(os.Args[0], "play", "broker", "127.0.0.1:0")
			child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			child.Stdout = os.Stdout
			if err := child.Start(); err != nil {
				return err
			}
			fmt.Println("child", child.Process.Pid)
		case "runaway": // a child that leaves the session
			child := exec.Command(os.Args[0], "play", "broker", "127.0.0.1:0")
			child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
			if err := child.Start(); err != nil {
				return err
			}
			fmt.Println("child", child.Process.Pid)
		case "http":
			return http.ListenAndServe(address, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/ready" {
					w.WriteHeader(http.StatusServiceUnavailable)
				}
			}))
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
	if err != nil {
		return err
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintln(conn, os.Getpid())
		_ = conn.Close()
	}
}

// playK6 opens a platform, pauses its first broker, and waits for its death.
func playK6(dir string, addresses []string) error {
	p, err := process.Open(context.Background(), process.Options{Chaos: brokersAt(addresses...), Dir: dir, Guard: guardCommand()})
	if err != nil {
		return err
	}
	if err := p.Pause(context.Background(), 1); err != nil {
		return err
	}
	fmt.Println("paused")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return nil
}

func guardCommand() []string { return []string{os.Args[0], "play", "guard"} }
