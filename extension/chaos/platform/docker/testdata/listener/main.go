// Command listener is a broker for tests: it listens on a port, keeps connections open, and says who it is.
package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if len(os.Args) > 2 && os.Args[2] == "deaf" {
		signal.Ignore(syscall.SIGTERM)
	} else {
		end := make(chan os.Signal, 1)
		signal.Notify(end, syscall.SIGTERM)
		go func() { <-end; fmt.Println("asked to end"); os.Exit(0) }()
	}
	if len(os.Args) > 2 && os.Args[2] == "broken" {
		fmt.Fprintln(os.Stderr, "no disk is left")
		os.Exit(3)
	}
	l, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("serving", l.Addr(), os.Getenv("K6SUITE_BROKER_ID"))
	var open []net.Conn
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		open = append(open, conn)
	}
}
