package kafkaproxy

import (
	"fmt"
	"reflect"

	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/wire"
)

// refuseRequest answers what a rule matches with its error, and leaves the rest of the request to be sent on. It reports whether
// nothing is.
func (w *passage) refuseRequest(f *Fault) (over bool, err error) {
	m := f.matcher
	switch w.call.Key {
	case kmsg.Produce:
		return w.refuseProduce(f)
	case kmsg.Fetch:
		w.refuseFetch(f)
		return false, nil
	}
	if !w.concerns(m, OnRequest) {
		return false, nil
	}
	t, ok := f.take()
	if !ok {
		return false, nil
	}
	var match func(string, int32) bool
	if m.placed() {
		match = m.at
	}
	w.own()
	message, err := w.call.request()
	if err != nil {
		t.miss()
		return false, err
	}
	refusal, err := refuse(message, w.call.Version, m.code, match, w.point.proxy.topics)
	w.note(f, TopicPartition{}, 0, OnRequest)
	t.hit(nil)
	if err != nil {
		return true, fmt.Errorf("%w: %w", errDisconnected, err)
	}
	if match == nil || !strip(message, match, w.point.proxy.topics) {
		w.call.complete(wire.EncodeResponse(refusal, w.call.Correlation))
		return true, nil
	}
	w.changed = true
	w.overlay().others = append(w.overlay().others, refusal)
	return false, nil
}

// refuseProduce refuses batches. Without acks there is no answer to bear the error: then brokers end the connection.
func (w *passage) refuseProduce(f *Fault) (over bool, err error) {
	silent, err := w.call.unanswered()
	if err != nil {
		return false, err
	}
	refused := w.refusable(f, OnRequest)
	if len(refused) == 0 {
		return false, nil
	}
	match := func(topic string, partition int32) bool { return refused[TopicPartition{topic, partition}] }
	answer, err := refuse(w.produced(), w.call.Version, f.matcher.code, match, w.point.proxy.topics)
	if err != nil {
		return false, err
	}
	if silent {
		w.logLoss(f, OnRequest)
		w.point.reset()
		return true, errDisconnected
	}
	w.changeProduced(func(_ *kmsg.ProduceRequestTopic, topic string, p *kmsg.ProduceRequestTopicPartition) bool {
		return !refused[TopicPartition{topic, p.Partition}]
	})
	w.overlay().others = append(w.overlay().others, answer)
	return false, nil
}

// refusable takes the batches of a Produce request that are to be refused, and counts them.
func (w *passage) refusable(f *Fault, at Direction) map[TopicPartition]bool {
	refused := map[TopicPartition]bool{}
	carried := w.carried()
	w.eachProduced(func(topic string, p *kmsg.ProduceRequestTopicPartition) {
		tp := TopicPartition{topic, p.Partition}
		if !f.matcher.at(topic, p.Partition) || f.matcher.picky() && !w.anyRecord(f.matcher, p.Records) {
			return
		}
		if t, ok := f.take(); ok {
			refused[tp] = true
			w.note(f, tp, carried[tp], at)
			t.hit(map[TopicPartition]int64{tp: carried[tp]})
		}
	})
	return refused
}

// refuseFetch has the answer bear errors for partitions that the request asks for. The request goes to the broker nevertheless, so that
// a fetch session stays what both sides think it is.
func (w *passage) refuseFetch(f *Fault) {
	for _, p := range w.point.fetches.asked(w.call, w.point.proxy.topics) {
		if !f.matcher.at(p.topic, p.partition) {
			continue
		}
		if t, ok := f.take(); ok {
			w.overlay().fetched(p, f.matcher.code)
			w.note(f, TopicPartition{p.topic, p.partition}, 0, OnRequest)
			t.hit(nil)
		}
	}
}

// refuseResponse puts an error in place of the answer, or of a part of it.
func (w *passage) refuseResponse(f *Fault) error {
	m := f.matcher
	switch w.call.Key {
	case kmsg.Fetch:
		return w.refuseFetched(f)
	case kmsg.Produce:
		refused := w.refusable(f, OnResponse)
		if len(refused) == 0 {
			return nil
		}
		return w.replace(f, func(topic string, partition int32) bool { return refused[TopicPartition{topic, partition}] })
	}
	if !w.concerns(m, OnResponse) {
		return nil
	}
	t, ok := f.take()
	if !ok {
		return nil
	}
	w.note(f, TopicPartition{}, 0, OnResponse)
	t.hit(nil)
	if m.placed() {
		return w.replace(f, m.at)
	}
	return w.replace(f, nil)
}

// replace refuses a part of an answer that is there, or all of it.
func (w *passage) replace(f *Fault, match func(string, int32) bool) error {
	request, err := w.call.request()
	if err != nil {
		return err
	}
	if all, ok := request.(*kmsg.MetadataRequest); ok && match != nil && all.Topics == nil {
		request = w.named(all)
	}
	refusal, err := refuse(request, w.call.Version, f.matcher.code, match, w.point.proxy.topics)
	if err != nil {
		return fmt.Errorf("%w: %w", errDisconnected, err)
	}
	if match == nil {
		w.call.answer, w.call.response = refusal, wire.EncodeResponse(refusal, w.call.Correlation)
		return nil
	}
	answer, err := w.call.reply()
	if err != nil {
		return err
	}
	merge(reflect.ValueOf(answer).Elem(), reflect.ValueOf(refusal).Elem())
	w.call.replace()
	return nil
}

// named is a request for the topics that the answer to a request for all of them has.
func (w *passage) named(all *kmsg.MetadataRequest) *kmsg.MetadataRequest {
	request := *all
	if answer, err := w.call.reply(); err == nil {
		for _, t := range answer.(*kmsg.MetadataResponse).Topics {
			request.Topics = append(request.Topics, kmsg.MetadataRequestTopic{Topic: t.Topic, TopicID: t.TopicID})
		}
	}
	return &request
}

// refuseFetched puts errors in place of what a Fetch response tells of partitions.
func (w *passage) refuseFetched(f *Fault) error {
	changed := false
	w.eachFetched(func(topic string, p *kmsg.FetchResponseTopicPartition) {
		told := len(p.RecordBatches) > 0 || p.ErrorCode != 0
		if !told || !f.matcher.at(topic, p.Partition) || f.matcher.picky() && !w.anyRecord(f.matcher, p.RecordBatches) {
			return
		}
		if t, ok := f.take(); ok {
			*p = unfetched(p.Partition, f.matcher.code)
			changed = true
			w.note(f, TopicPartition{topic, p.Partition}, 0, OnResponse)
			t.hit(nil)
		}
	})
	if changed {
		w.call.replace()
	}
	return nil
}

// unfetched is what a Fetch response says of a partition that it has nothing of.
func unfetched(partition int32, code int16) kmsg.FetchResponseTopicPartition {
	p := kmsg.NewFetchResponseTopicPartition()
	p.Partition, p.ErrorCode, p.RecordBatches = partition, code, []byte{}
	p.HighWatermark, p.LastStableOffset, p.LogStartOffset = -1, -1, -1
	return p
}
