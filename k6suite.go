// Package k6suite is what xk6 builds into k6: the extension of K6SUITE, a suite that judges Kafka-compatible systems.
package k6suite

import _ "k6suite/extension" // registers the JavaScript modules and the `k6 x suite` command
