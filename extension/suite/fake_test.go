package suite_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k6suite/extension/contract"
	"k6suite/extension/report"
	"k6suite/extension/suite"
)

// TestMain plays k6 when a suite under test starts this very binary as `k6 run … <script>`: the script's name says what
// becomes of it. As `x suite …` it is the suite itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "x" && os.Args[2] == "suite" {
		cmd := suite.NewCommand()
		cmd.SetArgs(os.Args[3:])
		if err := cmd.ExecuteContext(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) > 1 && os.Args[1] == "run" {
		os.Exit(fakeK6(os.Args[len(os.Args)-1]))
	}
	os.Exit(m.Run())
}

func fakeK6(script string) int {
	name := strings.TrimSuffix(filepath.Base(script), ".js")
	fmt.Println("fake k6 runs", name, "with", strings.Join(os.Args[2:], " "), "proxy:", os.Getenv("K6_PROFILE_CHAOS_KAFKA_PROXY"))
	verdict := contract.Verdict{
		Script: name, Run: os.Getenv("K6_RUN_ID"), Profile: os.Getenv("K6_PROFILE"), Status: contract.Pass,
		Requirements: []contract.Judgement{{ID: "F2.1", Title: "produce", Status: contract.Pass, Evidence: []string{"seen"}}},
	}
	exit := 0
	switch name {
	case "smoke_shared":
		verdict.Status, verdict.Requirements[0].Status, exit = contract.Fail, contract.Fail, 99
	case "smoke_metrics":
		verdict.Status, verdict.Requirements[0].Status, exit = contract.Inconclusive, contract.Inconclusive, 99
	case "smoke_topic_autocreate":
		exit = 99 // a threshold of its own
	case "not_claimed":
		verdict.Status, verdict.Requirements[0].Status = contract.NotClaimed, contract.NotClaimed
	case "fails_at_seed_7":
		if os.Getenv("K6_SEED") == "7" {
			verdict.Status, verdict.Requirements[0].Status, exit = contract.Fail, contract.Fail, 99
		}
	case "diagnose":
		fmt.Println("something broke here")
		return 107
	case "produce_consume": // runs until it is interrupted, and counts how often
		signals := make(chan os.Signal, 9)
		signal.Notify(signals, os.Interrupt)
		fmt.Println("waiting")
		<-signals
		verdict.Status, verdict.Requirements[0].Status, exit = contract.Inconclusive, contract.Inconclusive, 105
		select {
		case <-signals:
			return 130 // k6 would have stopped hard
		case <-time.After(200 * time.Millisecond):
		}
	}
	if err := report.Save(filepath.Join(os.Getenv("K6_RESULTS"), os.Getenv("K6_RUN_ID")), verdict); err != nil {
		fmt.Println(err)
		return 1
	}
	return exit
}
