package embedded

import (
	"slices"
	"time"
)

// maker is a lie and how it is made.
type maker struct {
	Lie
	begin func(*liar) mischief
}

func lie(name, rule, breaks string, begin func(*liar) mischief, scripts ...string) maker {
	return maker{Lie{Name: name, Rule: rule, Breaks: breaks, Scripts: scripts}, begin}
}

func makers() []maker {
	return slices.Concat(plainLies(), chaosLies(), stormLies(), accessLies(), transactionLies(), groupLies(), deliveryLies(), tlsLies())
}

// plainLies need nothing but traffic, or a fault on the wire.
func plainLies() []maker {
	keyed := []string{
		"smoke_multi_producer_single_consumer", "smoke_single", "smoke_concurrent", "smoke_shared", "smoke_consumer_group", "produce_consume",
	}
	return []maker{
		lie("lose-record", "LOST_ACKED", "one record in the middle of an acked batch is stored nowhere", newLoseRecord),
		lie("lose-tail", "LOST_SUFFIX", "a restart forgets the newest object of a partition and removes it", newLoseTail),
		lie("wrong-offset", "OFFSET_MISMATCH", "an ack names offsets far from where the records stand", newWrongOffset),
		lie("same-offset", "TWO_ACKS", "an ack names the offsets of the records before", newSameOffset),
		lie("split-log", "INCONSISTENT_OFFSET", "every second connection is shown two records of a batch exchanged", newSplitLog),
		lie("store-twice", "DUPLICATE", "a batch is stored twice and acked once", newStoreTwice),
		lie("invent-record", "PHANTOM", "a record that nobody sent is stored", newInventRecord),
		lie("flip-byte", "CORRUPT", "a byte of a value is stored changed", newFlipByte),
		lie("skip-batch", "POLL_SKIP", "a fetch leaves out a record that later fetches return", newSkipBatch),
		lie("rewind", "POLL_BACK", "a reader in the middle of the log is told that its offset is out of range", newRewind),
		lie("reorder-batches", "SEND_REORDER", "two batches that a producer sent one after the other are stored exchanged; no key is in both",
			newReorderBatches, "smoke_multi_producer_single_consumer", "smoke_topic_autocreate"),
		lie("reorder-key", "KEY_REORDER", "two batches that a producer sent one after the other are stored exchanged; some key is in both",
			newReorderKey, keyed...),
		lie("stale-end", "STALE_END", "end offsets that are answered lag behind the log for ever", newStaleEnd),
		lie("object-differs", "OBJECT_MISMATCH", "after a restart an object is overwritten, with a record changed", newObjectDiffers),
		lie("ack-before-durable", "ACK_WITHOUT_BYTES", "producers are answered, and readers served, before the upload", newAckBeforeDurable),
		lie("spurious-error", "ERRORS_SEEN", "a batch is refused without reason, and not stored", newSpuriousError),
		lie("hide-partition", "PARTITIONER", "for a moment metadata shows a partition too few, and keys go elsewhere", newHidePartition),
		lie("own-address", "METADATA_LIE/address", "behind the single endpoint, metadata shows a broker's own address", newOwnAddress),
		lie("hide-leader", "METADATA_LIE/unreachable", "metadata says that nobody leads the last partition of a topic", newHideLeader),
		lie("one-broker", "METADATA_LIE/unspread", "all partitions are led by one broker, and the others idle", newOneBroker),
		lie("stay-stuck", "STUCK", "a broker that was cut off answers no producer, though all is healed",
			newStayStuck, "network_partition"),
		lie("store-refused", "ABORTED_READ", "a batch is refused for good, and stored nevertheless", newStoreRefused),
	}
}

// chaosLies show when brokers die, freeze, come and go, or when object storage is out of order. The first script of each is the one in
// which it is proven.
func chaosLies() []maker {
	const (
		death, zombie, storage = "chaos_broker", "zombie", "objectstore_slow"
		upgrade, scale         = "rolling_upgrade", "scaleout"
	)
	all := []maker{
		lie("ack-in-outage", "ACK_IN_OUTAGE", "while no upload gets through, batches are acked, and uploaded when one does",
			newAckInOutage, storage),
		lie("drop-failed-put", "LOST_ACKED", "a batch whose upload failed is forgotten, and acked", newDropFailedPut, storage),
		lie("torn-read", "LOST_SUFFIX", "a segment that a restart could not read whole is the end of the log to the next one",
			newTornRead, storage),
		lie("late-order", "REALTIME_ORDER", "a batch is stored before one that was acked when it was not even sent", newLateOrder, storage),
		lie("forget-producers", "DUPLICATE", "who takes a partition over does not know what its producers sent last",
			newForgetProducers, death),
		lie("stale-end-takeover", "REWRITE", "who takes a partition over goes on from an end that is some records back",
			newStaleEndTakeover, death),
		lie("never-recover", "STUCK", "a partition that was taken over takes no records any more", newNeverRecover, death),
		lie("slow-takeover", "SLOW_RECOVERY", "a partition that was taken over takes no records for some seconds", newSlowTakeover, death),
		lie("end-regress", "END_REGRESS", "who takes a partition over tells of an end that the log has not reached, and takes it back",
			newEndRegress, death),
		lie("show-dead", "METADATA_LIE/dead", "metadata shows dead brokers for as long as they are dead", newShowDead, death),
		lie("moving-metadata", "METADATA_LIE/changed", "behind the single endpoint, metadata shows another broker once one has died",
			newMovingMetadata, death),
		lie("idle-newcomer", "METADATA_LIE/idle", "a broker that was added leads nothing", newIdleNewcomer, scale),
		lie("forget-commits", "GROUP_REGRESS", "a restart brings back offsets that groups had committed long before",
			newForgetCommits, upgrade),
		lie("zombie-acks", "LOST_ACKED", "a broker that was frozen acks what had waited in it, and stores nothing", newZombieAcks, zombie),
		lie("zombie-overwrites", "REWRITE", "a broker that was frozen stores what had waited in it over what others have stored since",
			newZombieOverwrites, zombie),
		lie("overwrite-object", "OBJECT_MISMATCH", "a broker that was frozen stores an object again, the same records with another date",
			newOverwriteObject, zombie),
	}
	for i := range all {
		all[i].Chaos = true
		all[i].Direct = all[i].Name == "show-dead"
		if all[i].Rule == "SLOW_RECOVERY" || all[i].Rule == "STUCK" || all[i].Direct {
			all[i].Recovery = quickRecovery
		}
	}
	return all
}

// stormLies show when very many clients connect at once, and go again.
func stormLies() []maker {
	const storm = "connection_storm"
	all := []maker{
		lie("connection-limit", "CONNECTION_LIMIT", "the single endpoint lets no more in while 256 connections are open",
			newConnectionLimit, storm),
		lie("connection-leak", "RESOURCE_LEAK", "the single endpoint keeps every fourth connection open whose client has gone",
			newConnectionLeak, storm),
	}
	for i := range all {
		all[i].Connections = lyingConnections
	}
	return all
}

// tlsLies show where clients speak TLS and check who they speak to.
func tlsLies() []maker {
	all := []maker{
		lie("expired-certificate", "BAD_CERTIFICATE", "at some time every third connection is shown a certificate that has expired",
			newExpiredCertificate),
		lie("foreign-certificate", "BAD_CERTIFICATE", "at some time every third connection is shown a certificate for another host",
			newForeignCertificate),
	}
	for i := range all {
		all[i].TLS = true
	}
	return all
}

// transactionLies show where producers commit and abort, and where a processor crashes.
func transactionLies() []maker {
	const transactions = "transactions"
	return []maker{
		lie("show-aborted", "ABORTED_READ", "who reads what is committed is not told which transactions were aborted",
			newShowAborted, transactions),
		lie("show-open", "UNCOMMITTED_READ", "who reads what is committed is shown all, now and then while a transaction is open",
			newShowOpen, transactions),
		lie("torn-commit", "TORN_TXN", "one partition of a committed transaction stays hidden from who reads what is committed",
			newTornCommit, transactions),
		lie("forget-txn-offsets", "EOS_DOUBLE", "offsets that are sent to a transaction are not committed with it",
			newForgetTxnOffsets, transactions),
	}
}

// lyingConnections are enough to show them, on any machine.
const lyingConnections = 1000

// quickRecovery is a bound that shows in the time for which a script has a broker dead.
const quickRecovery = 2 * time.Second
