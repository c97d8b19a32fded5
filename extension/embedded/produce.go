package embedded

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/wire"
)

// Produce versions that are served, as kfake has them.
const (
	minProduceVersion = 3
	maxProduceVersion = 13
	topicIDsFrom      = 13 // KIP-516: the request names topics by their id
)

// produceCall is a Produce request whose batches are queued.
type produceCall struct {
	life    *life
	x       *exchange
	request *kmsg.ProduceRequest
	started time.Time
	parts   []producePart // in the order of the request
}

// producePart is one partition of the request.
type producePart struct {
	entry     *entry
	partition *partition // nil: refused at once
	leader    int32      // of a partition that another broker leads
	epoch     int32
}

// produce queues the batches of a Produce request and leaves the answer to answerCalls.
func (c *connection) produce(ctx context.Context, x *exchange) error {
	if x.Version < minProduceVersion || x.Version > maxProduceVersion {
		return x.forwardRefused(ctx)
	}
	call := &produceCall{life: c.life, x: x, request: kmsg.NewPtrProduceRequest(), started: time.Now()}
	if err := x.Decode(call.request); err != nil {
		return err
	}
	for i := range call.request.Topics {
		topic := &call.request.Topics[i]
		for j := range topic.Partitions {
			call.parts = append(call.parts, c.accept(ctx, call, topic, &topic.Partitions[j]))
		}
	}
	c.pending.Add(1)
	select {
	case c.calls <- call:
		return nil
	case <-ctx.Done():
		c.pending.Done()
		return ctx.Err()
	}
}

var errRefused = errors.New("the broker refuses the request")

// forwardRefused lets kfake close the connection over a version that it does not know, as it does for every API.
func (x *exchange) forwardRefused(ctx context.Context) error {
	if err := x.forward(ctx); err != nil {
		return err
	}
	x.done()
	return errRefused
}

// accept queues the batch if the client may write to the topic.
func (c *connection) accept(
	ctx context.Context, call *produceCall, topic *kmsg.ProduceRequestTopic, part *kmsg.ProduceRequestTopicPartition,
) producePart {
	if refused := call.x.mayProduce(call.request, topic); refused != nil {
		e := newEntry(nil, c.process, call.request.Version)
		e.fail(refused, "")
		return producePart{entry: e, leader: -1, epoch: -1}
	}
	return c.life.accept(ctx, c.process, call.request, topic, part)
}

// accept checks what can be checked at once and queues the batch.
func (l *life) accept(
	ctx context.Context, by *process, request *kmsg.ProduceRequest, topic *kmsg.ProduceRequestTopic, part *kmsg.ProduceRequestTopicPartition,
) producePart {
	no := func(err *kerr.Error, message string) producePart {
		e := newEntry(nil, by, request.Version)
		e.fail(err, message)
		return producePart{entry: e, leader: -1, epoch: -1}
	}
	if request.Acks < -1 || request.Acks > 1 {
		return no(kerr.InvalidRequiredAcks, "acks is −1, 0 or 1")
	}
	found, err := l.catalog.find(ctx, topic.Topic, topic.TopicID, request.Version >= topicIDsFrom)
	switch {
	case err != nil:
		return no(kerr.RequestTimedOut, "the topic could not be made durable")
	case found == nil && request.Version >= topicIDsFrom:
		return no(kerr.UnknownTopicID, "there is no such topic")
	case found == nil:
		return no(kerr.UnknownTopicOrPartition, "there is no such topic")
	}
	p, err := l.catalog.partition(ctx, found, part.Partition)
	info := l.kfake.PartitionInfo(found.name, part.Partition)
	if p == nil || info == nil || err != nil {
		return no(kerr.UnknownTopicOrPartition, "there is no such partition")
	}
	if info.Leader != by.node {
		if e := newEntry(part.Records, by, request.Version); l.mischief.stray(l, p, e) {
			return producePart{entry: e, partition: p, leader: -1, epoch: -1}
		}
		refused := no(kerr.NotLeaderForPartition, "")
		refused.leader, refused.epoch = info.Leader, info.Epoch
		return refused
	}
	b, refused := parseBatch(part.Records, found.maxBytes())
	if refused != nil {
		return no(refused.err, refused.message)
	}
	e := newEntry(b, by, request.Version)
	if !l.mischief.arrive(l, p, e) && p.submit(e) {
		l.work.Add(1)
		go l.drain(p)
	}
	return producePart{entry: e, partition: p, leader: -1, epoch: -1}
}

// wait returns the response once all batches have their outcome or the producer's patience ends; nil where none is wanted.
func (call *produceCall) wait(ctx context.Context) ([]byte, error) {
	patience := call.life.options.Patience
	if asked := time.Duration(call.request.TimeoutMillis) * time.Millisecond; asked > 0 {
		patience = min(patience, asked)
	}
	timer := time.NewTimer(time.Until(call.started.Add(patience)))
	defer timer.Stop()
	late := false
	outcomes := make([]outcome, len(call.parts))
	for i := range call.parts {
		part := &call.parts[i]
		if !late {
			select {
			case <-part.entry.done:
			case <-timer.C:
				late = true
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		outcomes[i] = part.outcome()
		call.life.metrics.produced(call.x.conn.node, part.entry.batch, outcomes[i])
	}
	if call.request.Acks != 0 {
		return wire.EncodeResponse(call.response(outcomes), call.x.Correlation), nil
	}
	for _, o := range outcomes {
		if o.err != nil { // acks=0 has no answer: Kafka closes the connection to tell that something is wrong
			return nil, o.err
		}
	}
	return nil, nil
}

// outcome is what is known now. An entry that is still queued is withdrawn: it will not be stored. One that is under way may be.
func (part *producePart) outcome() outcome {
	if !isDone(part.entry) {
		if part.partition.withdraw(part.entry) {
			return outcome{err: kerr.RequestTimedOut, message: "object storage is too slow: the batch was not stored", base: -1, logStart: -1}
		}
		if !isDone(part.entry) {
			return outcome{err: kerr.RequestTimedOut, message: "object storage is too slow: the batch may be stored later", base: -1, logStart: -1}
		}
	}
	return part.entry.outcome
}

func (call *produceCall) response(outcomes []outcome) kmsg.Response {
	response := call.request.ResponseKind().(*kmsg.ProduceResponse)
	next := 0
	for i := range call.request.Topics {
		asked := &call.request.Topics[i]
		topic := kmsg.NewProduceResponseTopic()
		topic.Topic, topic.TopicID = asked.Topic, asked.TopicID
		for j := range asked.Partitions {
			o, part := outcomes[next], &call.parts[next]
			next++
			answer := kmsg.NewProduceResponseTopicPartition()
			answer.Partition = asked.Partitions[j].Partition
			answer.BaseOffset, answer.LogStartOffset = o.base, o.logStart
			if o.err != nil {
				answer.ErrorCode = o.err.Code
				if o.message != "" {
					answer.ErrorMessage = kmsg.StringPtr(o.message)
				}
			}
			answer.CurrentLeader.LeaderID, answer.CurrentLeader.LeaderEpoch = part.leader, part.epoch
			topic.Partitions = append(topic.Partitions, answer)
		}
		response.Topics = append(response.Topics, topic)
	}
	return response
}
