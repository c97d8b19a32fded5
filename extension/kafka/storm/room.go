package storm

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// ownFiles is what a process has open besides its connections.
const ownFiles = 128

// Room makes room for so many connections in this process: it raises the limit of open files as far as it may. Where that does not
// suffice, the error says how many are needed and how they are had.
func Room(connections int) error {
	needed := uint64(connections + ownFiles)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return os.NewSyscallError("getrlimit", err)
	}
	if limit.Cur < needed && limit.Cur < limit.Max {
		raised := limit
		raised.Cur = raised.Max
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised); err == nil {
			limit = raised
		}
	}
	if limit.Cur >= needed {
		return nil
	}
	return fmt.Errorf("open files: %d connections need %d, and this process may have %d: raise the hard limit, by ulimit -n %d as root "+
		"before k6 is started, by LimitNOFILE=%d in a systemd unit, or by --ulimit nofile=%d of docker run",
		connections, needed, limit.Cur, needed, needed, needed)
}

// enoughPorts checks that this machine has a port for each connection: to one address, each connection needs another one.
func enoughPorts(p Plan) error {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return nil //nolint:nilerr // no Linux: what becomes of the connections says it
	}
	var first, last int
	if n, err := fmt.Sscan(string(text), &first, &last); n != 2 || err != nil {
		return nil //nolint:nilerr // the same
	}
	each := (p.most() + len(p.Addresses) - 1) / len(p.Addresses)
	if there := last - first + 1; each > there {
		return fmt.Errorf("ports: %d connections to one address need as many ports of this machine, and it has %d for outgoing connections: "+
			"widen net.ipv4.ip_local_port_range (now %d to %d), or storm with fewer", each, there, first, last)
	}
	return nil
}

// peakMemory is the most memory that this process had resident, in bytes; 0 where that is not known.
func peakMemory() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kib << 10
		}
	}
	return 0
}
