// Package embedded is a Kafka cluster in this process whose brokers are disposable: what a producer is told is acked lies in
// object storage, and memory is only a cache.
//
// Log and groups are kfake's (franz-go's own broker). Clients do not reach it: the gate of each broker accepts connections, hands most
// requests on as they are, and serves Produce itself. A record batch is validated, its offset is fixed, and it is written as
// (a part of) a segment object before kfake may append it and before the producer hears of it, so that nothing can be read
// that is not durable. Topics, committed offsets and transactional producers are written before they are answered, too.
//
// The bucket is the log. A segment is written only where no object has its key (If-None-Match: *), and its key says the offset
// at which it begins; the end of a partition is the end of its last object. A write whose outcome is unknown is repeated until
// it is known: it either made it, or another object stands in its place, which then is the log and is read back. So a write
// that is applied late, by this cluster or by a dead predecessor, can neither replace an acked record nor add a second truth.
//
// Brokers die, are paused, stopped, added and removed one by one ([Cluster] is a platform.Platform). A broker that is dead or paused
// for longer than a lease loses its partitions and groups to the others. What they share, kfake's memory, stands for what a
// stateless system keeps outside its brokers: it is gone when the last of them is dead, and then there is nothing but the bucket.
//
// On demand the cluster lies, see [Lies]: each lie breaks one rule of the suite, which has to find it.
package embedded
