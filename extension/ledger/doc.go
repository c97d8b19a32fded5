// Package ledger is the heart of the truth machine: it gives every record an identity, keeps what was sent, acked and
// read, and judges the rules that a Kafka-compatible system must keep.
//
// Records are named by [Serial] (a producer and its dense sequence), so that outcomes and reads are compressed sets. Per
// topic-partition, one paged log of claims "offset o holds record s" is fed by acks and by reads alike: the first claim
// sets, later ones compare. [Ledger.Judge] turns all that into findings and doubts; it changes nothing and may be repeated.
package ledger
