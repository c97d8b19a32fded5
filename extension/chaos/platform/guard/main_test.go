package guard_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"go.uber.org/goleak"

	"k6suite/extension/chaos/platform/guard"
)

// The test binary is also the guard, and what it watches.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "play" {
		play(os.Args[2])
	}
	goleak.VerifyTestMain(m)
}

func play(role string) {
	switch role {
	case "guard":
		if err := guard.Run(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "parent": // of one more, which outlives it
		child := exec.Command(os.Args[0], "play", "sleeper")
		if err := child.Start(); err != nil {
			os.Exit(1)
		}
		fmt.Println(child.Process.Pid)
		select {}
	case "sleeper":
		select {}
	}
	os.Exit(0)
}
