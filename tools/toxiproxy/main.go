// Command toxiproxy stands toxiproxy before the addresses that are its arguments, without a toxic, prints where it listens for each,
// and ends with its input. Benchmarks compare the Kafka proxy with it.
package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

func main() {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	var addresses []string
	for i, upstream := range os.Args[1:] {
		proxy := toxiproxy.NewProxy(server, strconv.Itoa(i), "127.0.0.1:0", upstream)
		if err := proxy.Start(); err != nil {
			fmt.Fprintln(os.Stderr, "starting:", err)
			os.Exit(1)
		}
		defer proxy.Stop()
		addresses = append(addresses, proxy.Listen)
	}
	fmt.Println(strings.Join(addresses, ","))
	_, _ = io.Copy(io.Discard, os.Stdin)
}
