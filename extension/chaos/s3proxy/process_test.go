package s3proxy_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/chaos/s3proxy"
	"k6suite/extension/objectstore"
)

// roleVariable says that this process runs no tests, but is a part of one, or of a benchmark.
const roleVariable = "S3PROXY_BENCH_ROLE"

// What a process can be.
const (
	roleInstant = "instant" // an upstream that keeps bytes in memory, and does nothing else
	roleDistant = "distant" // the same, but each answer takes its time
	roleStore   = "store"   // the embedded S3 server
	roleProxy   = "s3proxy"
	rolePipe    = "pipe"   // a proxy that has the kernel move bytes, and looks at none
	roleRemote  = "remote" // it injects a rule into the proxy of another process (no benchmark, but a test)
)

// playRole runs the part that this process has, until its standard input ends. It reports whether it has one.
func playRole() bool {
	role := os.Getenv(roleVariable)
	if role == "" {
		return false
	}
	address, err := startRole(role, os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(address)
	_, _ = io.Copy(io.Discard, os.Stdin)
	return true
}

// startRole starts what a role is, and returns where it listens, host:port.
func startRole(role string, args []string) (string, error) {
	switch role {
	case roleRemote:
		return "", injectRemote(args[0])
	case roleInstant, roleDistant:
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", err
		}
		store := &instantStore{}
		if role == roleDistant {
			store.takes = benchDistance
		}
		go func() { _ = http.Serve(l, store) }() // as long as the benchmark lives
		return l.Addr().String(), nil
	case rolePipe:
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", err
		}
		go servePipe(l, args[0])
		return l.Addr().String(), nil
	case roleStore:
		s, err := objectstore.Serve(objectstore.ServeOptions{})
		if err != nil {
			return "", err
		}
		return strings.TrimPrefix(s.URL(), "http://"), nil
	case roleProxy:
		p, err := s3proxy.Start(s3proxy.Options{Upstream: "http://" + args[0]})
		if err != nil {
			return "", err
		}
		return strings.TrimPrefix(p.URL(), "http://"), nil
	}
	return "", errors.New("no such role: " + role)
}

// servePipe joins each connection with one of its own.
func servePipe(l net.Listener, to string) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer client.Close()
			upstream, err := net.Dial("tcp", to)
			if err != nil {
				return
			}
			defer upstream.Close()
			go func() {
				_, _ = io.Copy(upstream, client)
				_ = upstream.(*net.TCPConn).CloseWrite()
			}()
			_, _ = io.Copy(client, upstream)
		}()
	}
}

// instantStore keeps what is PUT, and gives it back. So nothing hides the cost of what stands before it.
type instantStore struct {
	objects sync.Map
	takes   time.Duration // until it answers
}

func (s *instantStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", `"0123456789abcdef0123456789abcdef"`)
	w.Header().Set("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
	switch r.Method {
	case http.MethodPut:
		body := make([]byte, r.ContentLength)
		if _, err := io.ReadFull(r.Body, body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		s.objects.Store(r.URL.Path, body)
		time.Sleep(s.takes)
	case http.MethodGet, http.MethodHead:
		body, ok := s.objects.Load(r.URL.Path)
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body.([]byte))))
		w.Header().Set("Content-Type", "application/octet-stream")
		time.Sleep(s.takes)
		if r.Method == http.MethodGet {
			_, _ = w.Write(body.([]byte))
		}
	}
}

// startProcess starts a part of a benchmark in a process of its own, as it would be in earnest, and returns where it listens.
func startProcess(b *testing.B, role string, args ...string) string {
	b.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	return run(b, cmd)
}

// run starts a process that prints its address and ends with its input.
func run(b *testing.B, cmd *exec.Cmd) string {
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
	return strings.TrimSpace(line)
}
