package access

import "github.com/twmb/franz-go/pkg/kmsg"

func onTransactions() []operation {
	const read, write, describe = kmsg.ACLOperationRead, kmsg.ACLOperationWrite, kmsg.ACLOperationDescribe
	return []operation{
		{
			name: "find a transaction's coordinator", aspect: reading, needs: does(onTransaction(describe)),
			ask: func(d *domain) kmsg.Request { return askCoordinator(d.transaction(), transactionKey) },
		},
		{
			name: "init a transactional producer", aspect: writing, needs: does(onTransaction(write)), where: atTransaction, ask: askInit,
			done: func(d *domain, r kmsg.Response) {
				m := r.(*kmsg.InitProducerIDResponse)
				d.producer, d.producerEpoch = m.ProducerID, m.ProducerEpoch
			},
		},
		{
			name: "add partitions to a transaction", aspect: writing, needs: does(onTransaction(write), onTopic(write)), where: atTransaction,
			ask: askAddPartitions,
		},
		{
			name: "add offsets to a transaction", aspect: writing, needs: does(onTransaction(write), onGroup(read)), where: atTransaction,
			ask: func(d *domain) kmsg.Request {
				r := kmsg.NewPtrAddOffsetsToTxnRequest()
				r.TransactionalID, r.ProducerID, r.ProducerEpoch, r.Group = d.transaction(), d.producer, d.producerEpoch, d.group()
				return r
			},
		},
		{
			name: "commit offsets in a transaction", aspect: writing, where: atGroup, ask: askCommitInTransaction,
			needs: does(onTransaction(write), onGroup(read), onTopic(read)),
		},
		{
			name: "describe transaction", aspect: reading, needs: does(onTransaction(describe)), where: atTransaction,
			ask: func(d *domain) kmsg.Request {
				r := kmsg.NewPtrDescribeTransactionsRequest()
				r.TransactionalIDs = []string{d.transaction()}
				return r
			},
		},
		{
			name: "end a transaction", aspect: writing, needs: does(onTransaction(write)), where: atTransaction,
			ask: func(d *domain) kmsg.Request {
				r := kmsg.NewPtrEndTxnRequest()
				r.TransactionalID, r.ProducerID, r.ProducerEpoch, r.Commit = d.transaction(), d.producer, d.producerEpoch, true
				return r
			},
		},
	}
}

const transactionMs = 30_000

func askInit(d *domain) kmsg.Request {
	r := kmsg.NewPtrInitProducerIDRequest()
	r.TransactionalID, r.TransactionTimeoutMillis = kmsg.StringPtr(d.transaction()), transactionMs
	r.ProducerID, r.ProducerEpoch = -1, -1
	return r
}

func askAddPartitions(d *domain) kmsg.Request {
	r := kmsg.NewPtrAddPartitionsToTxnRequest()
	t := kmsg.NewAddPartitionsToTxnRequestTopic()
	t.Topic, t.Partitions = d.topic(), []int32{0}
	r.TransactionalID, r.ProducerID, r.ProducerEpoch, r.Topics = d.transaction(), d.producer, d.producerEpoch, append(r.Topics, t)
	return r
}

func askCommitInTransaction(d *domain) kmsg.Request {
	r := kmsg.NewPtrTxnOffsetCommitRequest()
	t, p := kmsg.NewTxnOffsetCommitRequestTopic(), kmsg.NewTxnOffsetCommitRequestTopicPartition()
	p.Offset = 1
	t.Topic, t.Partitions = d.topic(), append(t.Partitions, p)
	r.TransactionalID, r.ProducerID, r.ProducerEpoch, r.Group = d.transaction(), d.producer, d.producerEpoch, d.group()
	r.Generation, r.Topics = -1, append(r.Topics, t)
	return r
}
