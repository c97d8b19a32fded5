// Package foreign has clients that nobody here wrote judged by the same rules: it turns the JSON lines of Kafka's VerifiableProducer and
// VerifiableConsumer (org.apache.kafka.tools) into what a ledger is told by clients of ours.
//
// Their records carry no identity, but each producer counts its values, "0", "1" or, with --value-prefix 7, "7.0", "7.1": a value names the
// producer and the sequence. What is read must have been sent by one of the producers, so all of them are read first.
package foreign
