// Package storm opens very many connections to a Kafka cluster, keeps them open, and closes and opens some of them again: what a fleet
// of applications does to a cluster when it starts. The connections are bare ones, without a client behind each: a goroutine that
// sleeps in a read is nearly all that one costs.
//
// What went wrong on this side (no file descriptors or ports left, no time to run) is told apart from what the cluster did.
package storm
