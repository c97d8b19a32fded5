// Package kafka is the project's Kafka client: producer, consumer and admin on franz-go, with every outcome named and
// classified, and nothing swallowed. It knows nothing of k6 and nothing of the rest of the project.
package kafka
