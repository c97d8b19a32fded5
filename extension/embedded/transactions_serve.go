package embedded

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// serveInitProducerID ends what the transactional id has left open, and makes the new epoch durable.
func (l *life) serveInitProducerID(ctx context.Context, x *exchange) error {
	request := kmsg.NewPtrInitProducerIDRequest()
	if err := x.Decode(request); err != nil {
		return err
	}
	if request.TransactionalID == nil {
		return x.forward(ctx) // ids are random, and an unknown one is as good as a known one
	}
	if !x.mayTransact(*request.TransactionalID) {
		return x.forward(ctx) // which refuses it
	}
	timeout := time.Duration(request.TransactionTimeoutMillis) * time.Millisecond
	request.TransactionTimeoutMillis = 0 // which kfake refuses
	if timeout > 0 && timeout <= maxTransactionTimeout {
		request.TransactionTimeoutMillis = kfakeTransactionTimeoutMillis
	}
	x.rewrite(request)
	known := l.producers.named(*request.TransactionalID)
	response := kmsg.NewPtrInitProducerIDResponse()
	err := l.withMarkers(ctx, known, nil, func() error {
		if err := x.forward(ctx); err != nil {
			return err
		}
		if err := x.decodeResponse(response); err != nil {
			return err
		}
		if response.ErrorCode == 0 {
			l.initialized(known, *request.TransactionalID, response, timeout)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return l.saveProducers(ctx)
}

// initialized takes over what kfake has answered. The caller holds the lock of the former producer, if there is one.
func (l *life) initialized(former *producer, name string, response *kmsg.InitProducerIDResponse, timeout time.Duration) {
	if former != nil {
		former.close(false)
		if former.id != response.ProducerID { // its epochs were used up
			former.mu.Lock()
			former.transactional = ""
			former.mu.Unlock()
		}
	}
	now := l.producers.getOrAdd(response.ProducerID, response.ProducerEpoch)
	now.mu.Lock()
	defer now.mu.Unlock()
	now.epoch, now.transactional, now.timeout = response.ProducerEpoch, name, timeout
}

func (l *life) serveAddPartitions(ctx context.Context, x *exchange) error {
	request, response := kmsg.NewPtrAddPartitionsToTxnRequest(), kmsg.NewPtrAddPartitionsToTxnResponse()
	if err := x.served(ctx, forward, request, response); err != nil {
		return err
	}
	known := l.producers.get(request.ProducerID)
	if known == nil {
		return nil
	}
	known.mu.Lock()
	defer known.mu.Unlock()
	for _, t := range response.Topics {
		for _, p := range t.Partitions {
			if p.ErrorCode == 0 {
				l.begin(known).partitions[place{t.Topic, p.Partition}] = struct{}{}
			}
		}
	}
	return nil
}

func (l *life) serveAddOffsets(ctx context.Context, x *exchange) error {
	request, response := kmsg.NewPtrAddOffsetsToTxnRequest(), kmsg.NewPtrAddOffsetsToTxnResponse()
	if err := x.served(ctx, forward, request, response); err != nil || response.ErrorCode != 0 {
		return err
	}
	l.addGroup(request.ProducerID, request.Group)
	return nil
}

func (l *life) serveTxnOffsetCommit(ctx context.Context, x *exchange) error {
	request := kmsg.NewPtrTxnOffsetCommitRequest()
	if err := x.Decode(request); err != nil {
		return err
	}
	if err := x.forward(ctx); err != nil {
		return err
	}
	if !x.mayTransact(request.TransactionalID) || !x.may(kmsg.ACLOperationRead, kmsg.ACLResourceTypeGroup, request.Group) {
		return nil // refused
	}
	if known := l.producers.get(request.ProducerID); known != nil && known.isTransactional() {
		l.addGroup(request.ProducerID, request.Group)
	}
	return nil
}

func (l *life) addGroup(id int64, group string) {
	if known := l.producers.get(id); known != nil {
		known.mu.Lock()
		defer known.mu.Unlock()
		l.begin(known).groups[group] = struct{}{}
	}
}

// serveEndTxn makes the markers, the committed offsets and the new epoch durable.
func (l *life) serveEndTxn(ctx context.Context, x *exchange) error {
	request, response := kmsg.NewPtrEndTxnRequest(), kmsg.NewPtrEndTxnResponse()
	if err := x.Decode(request); err != nil {
		return err
	}
	if !x.mayTransact(request.TransactionalID) {
		return x.forward(ctx) // which refuses it
	}
	known := l.producers.get(request.ProducerID)
	if err := l.decide(ctx, known, request, x.Version); err != nil {
		return err
	}
	var groups []string
	err := l.withMarkers(ctx, known, nil, func() error {
		if err := x.forward(ctx); err != nil {
			return err
		}
		if err := x.decodeResponse(response); err != nil || response.ErrorCode != 0 || known == nil {
			return err
		}
		groups = known.close(request.Commit)
		if x.Version >= 5 && response.ProducerID >= 0 {
			known.mu.Lock()
			name, timeout := known.transactional, known.timeout
			known.mu.Unlock()
			l.initialized(known, name, &kmsg.InitProducerIDResponse{
				ProducerID: response.ProducerID, ProducerEpoch: response.ProducerEpoch,
			}, timeout)
			if next := l.producers.get(response.ProducerID); next != nil {
				next.close(request.Commit)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, group := range groups {
		if err := l.saveGroup(ctx, group); err != nil {
			return err
		}
	}
	return l.saveProducers(ctx)
}

// decide makes durable how an open transaction will end, before its first marker is written.
func (l *life) decide(ctx context.Context, known *producer, request *kmsg.EndTxnRequest, version int16) error {
	if known == nil {
		return nil
	}
	known.mu.Lock()
	open := known.open != nil && known.epoch == request.ProducerEpoch && known.transactional == request.TransactionalID
	if open {
		known.ending = &ending{Commit: request.Commit, Epoch: known.epoch}
		if version >= 5 { // KIP-890: each transaction has an epoch of its own
			known.ending.Epoch++
		}
	}
	known.mu.Unlock()
	if !open {
		return nil
	}
	return l.saveProducers(ctx)
}

// serveMarkers makes markers durable that a client writes by itself, as administrators may.
func (l *life) serveMarkers(ctx context.Context, x *exchange) error {
	request := kmsg.NewPtrWriteTxnMarkersRequest()
	if err := x.Decode(request); err != nil {
		return err
	}
	if !x.may(kmsg.ACLOperationClusterAction, kmsg.ACLResourceTypeCluster, clusterResource) {
		return x.forward(ctx) // which refuses it
	}
	var places []place
	for _, m := range request.Markers {
		for _, t := range m.Topics {
			for _, p := range t.Partitions {
				places = append(places, place{t.Topic, p})
			}
		}
	}
	return l.withMarkers(ctx, nil, places, func() error { return x.forward(ctx) })
}

// expire aborts a transaction whose time is over, as its coordinator does: the producer is fenced.
func (l *life) expire(known *producer, t *transaction) {
	known.mu.Lock()
	still, name, epoch, timeout := known.open == t, known.transactional, known.epoch, known.timeout
	known.mu.Unlock()
	if !still {
		return
	}
	message := kmsg.NewPtrInitProducerIDRequest()
	message.Version = 4
	message.TransactionalID, message.TransactionTimeoutMillis = &name, kfakeTransactionTimeoutMillis
	message.ProducerID, message.ProducerEpoch = known.id, epoch
	err := l.withMarkers(l.ctx, known, nil, func() error {
		response, err := l.inner.request(l.ctx, l.kfake.CoordinatorFor(name), message)
		if err != nil {
			return err
		}
		answer := response.(*kmsg.InitProducerIDResponse)
		if answer.ErrorCode != 0 {
			return kerr.ErrorForCode(answer.ErrorCode)
		}
		l.initialized(known, name, answer, timeout)
		return nil
	})
	if err == nil {
		err = l.saveProducers(l.ctx)
	}
	if err != nil && l.ctx.Err() == nil {
		l.logger.Error("a transaction could not be aborted", "transactional id", name, "error", err)
	}
}
