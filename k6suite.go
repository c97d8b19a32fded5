// Package k6suite is what xk6 builds into k6: the extension of K6SUITE, which judges whether a Kafka-compatible system keeps its
// promises. It gives scripts the modules k6/x/kafka, a Kafka client, and k6/x/trust, the ledger of what was sent, acked and read,
// with its verdict; and it adds the subcommand "k6 x suite", which runs the scenarios.
//
//	go tool -modfile=tools/go.mod xk6 build v2.2.0 --with k6suite=. --output k6
package k6suite

import (
	_ "k6suite/extension" // registers the modules and the subcommand
)
