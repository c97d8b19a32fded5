package suite

import (
	"os"
	"strings"
)

// valueFlags are the flags of `k6 run` whose value is an argument of its own, so that the value is not taken for a script.
var valueFlags = map[string]bool{
	"-a": true, "--address": true, "--archive-out": true, "--block-hostnames": true, "--blacklist-ip": true,
	"--compatibility-mode": true, "-c": true, "--config": true, "--console-output": true, "-d": true, "--duration": true,
	"-e": true, "--env": true, "--execution-segment": true, "--execution-segment-sequence": true, "-i": true, "--iterations": true,
	"--local-ips": true, "--log-format": true, "--log-output": true, "--max-redirects": true, "--min-iteration-duration": true,
	"-o": true, "--out": true, "--rps": true, "--secret-source": true, "-s": true, "--stage": true, "--summary-export": true,
	"--summary-mode": true, "--summary-time-unit": true, "--summary-trend-stats": true, "--system-tags": true, "--tag": true,
	"--traces-output": true, "--user-agent": true, "-u": true, "--vus": true, "--dns": true, "--features": true,
}

// SplitArgs parts the arguments after `run` into script files and everything else, which keeps its order. A script is an
// argument that ends in .js or .ts, is no flag and no flag's value.
func SplitArgs(args []string) (scripts, rest []string) {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			return append(scripts, args[i+1:]...), rest
		case strings.HasPrefix(arg, "-"):
			rest = append(rest, arg)
			if valueFlags[arg] && i+1 < len(args) {
				i++
				rest = append(rest, args[i])
			}
		case isScript(arg):
			scripts = append(scripts, arg)
		default:
			rest = append(rest, arg)
		}
	}
	return scripts, rest
}

func isScript(arg string) bool {
	return strings.HasSuffix(arg, ".js") || strings.HasSuffix(arg, ".ts")
}

// RewriteRun turns the command line `k6 run a.js b.js …`, which k6 itself refuses, into `k6 x suite run a.js b.js …` with
// the same flags. It reports false, and changes nothing, for every other command line.
func RewriteRun(args []string) ([]string, bool) {
	if len(args) < 4 || args[1] != "run" {
		return args, false
	}
	scripts, rest := SplitArgs(args[2:])
	if len(scripts) < 2 {
		return args, false
	}
	for _, script := range scripts {
		if _, err := os.Stat(script); err != nil {
			return args, false // let k6 say what is wrong with it
		}
	}
	out := append([]string{args[0], "x", "suite", "run"}, rest...)
	return append(out, scripts...), true
}
