package kafkaproxy

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// passage is a message on its way through a point at which there may be something to do.
type passage struct {
	point  *point
	faults *faults
	call   *call
	next   func(context.Context, *call) error // nil on the way back

	owned   bool                    // nobody shares the decoded request
	changed bool                    // it is no longer what the frame has
	settled map[TopicPartition]bool // batches about which a fault has decided when they came for the first time
	copies  []copied
	hold    *turn
}

// request applies the rules, and sends what they leave.
func (w *passage) request(ctx context.Context, armed *arms) error {
	if f := w.point.loses(OnRequest); f != nil {
		w.vanish(f, OnRequest)
		return nil
	}
	if err := w.learn(ctx); err != nil {
		return err
	}
	if err := w.redo(ctx); err != nil {
		return err
	}
	if armed != nil {
		for _, f := range armed.active {
			if !w.point.mine(f) || !f.matcher.call(w.call, OnRequest, w.point.place.node) {
				continue
			}
			if over, err := w.act(ctx, f); over || err != nil {
				w.abandon()
				return err
			}
		}
	}
	return w.send(ctx)
}

// act has one fault act on the request. It reports whether the request goes no further.
func (w *passage) act(ctx context.Context, f *Fault) (over bool, err error) {
	switch f.matcher.Action {
	case Drop:
		return false, w.drop(ctx, f)
	case Corrupt:
		w.corruptRequest(f)
		return false, nil
	case Duplicate:
		w.duplicate(f)
		return false, nil
	case Error:
		return w.refuseRequest(f)
	}
	if f.matcher.Action == Reorder && w.point.holds() || !w.concerns(f.matcher, OnRequest) {
		return false, nil
	}
	t, ok := f.take()
	if !ok {
		return false, nil
	}
	switch f.matcher.Action {
	case Reorder:
		w.hold = &t
		return false, nil
	case Delay, Throttle:
		return false, w.wait(ctx, t, len(w.call.frame()))
	case Swallow, Blackhole:
		w.darken(t, OnRequest)
	case Disconnect:
		err = w.disconnect(t, OnRequest)
	}
	return true, err
}

// abandon gives back what was to be done to a request that goes no further.
func (w *passage) abandon() {
	w.withdraw()
	if w.hold != nil {
		w.hold.miss()
		w.hold = nil
	}
}

// response applies the rules to the answer.
func (w *passage) response(ctx context.Context, armed *arms) error {
	if f := w.point.loses(OnResponse); f != nil {
		w.vanish(f, OnResponse)
		return nil
	}
	if err := w.complete(armed); err != nil {
		return err
	}
	if armed == nil {
		return nil
	}
	for _, f := range armed.active {
		if !w.point.mine(f) || !f.matcher.call(w.call, OnResponse, w.point.place.node) {
			continue
		}
		if over, err := w.react(ctx, f); over || err != nil {
			return err
		}
	}
	return w.logAnswer()
}

// react has one fault act on the answer. It reports whether the answer goes no further.
func (w *passage) react(ctx context.Context, f *Fault) (over bool, err error) {
	switch f.matcher.Action {
	case Drop:
		return false, w.dropFetched(f)
	case Corrupt:
		return false, w.corruptFetched(f)
	case Error:
		return false, w.refuseResponse(f)
	}
	if !w.concerns(f.matcher, OnResponse) {
		return false, nil
	}
	t, ok := f.take()
	if !ok {
		return false, nil
	}
	switch f.matcher.Action {
	case Delay, Throttle:
		return false, w.wait(ctx, t, len(w.call.response))
	case Swallow, Blackhole:
		w.darken(t, OnResponse)
	case Disconnect:
		err = w.disconnect(t, OnResponse)
	}
	return true, err
}

// concerns reports whether a rule matches what a message says, beyond what the matcher sees of its call.
func (w *passage) concerns(m *matcher, at Direction) bool {
	if !m.placed() && !m.picky() {
		return true
	}
	found := false
	visit := func(topic string, partition int32) {
		found = found || m.at(topic, partition)
	}
	switch {
	case w.call.Key == kmsg.Produce:
		w.eachProduced(func(topic string, p *kmsg.ProduceRequestTopicPartition) {
			found = found || m.at(topic, p.Partition) && (!m.picky() || w.anyRecord(m, p.Records))
		})
	case w.call.Key == kmsg.Fetch && at == OnRequest:
		for _, p := range w.point.fetches.asked(w.call, w.point.proxy.topics) {
			visit(p.topic, p.partition)
		}
	case w.call.Key == kmsg.Fetch:
		w.eachFetched(func(topic string, p *kmsg.FetchResponseTopicPartition) {
			told := len(p.RecordBatches) > 0 || p.ErrorCode != 0
			found = found || told && m.at(topic, p.Partition) && (!m.picky() || w.anyRecord(m, p.RecordBatches))
		})
	default:
		if request, err := w.call.request(); err == nil {
			subjects(request, w.point.proxy.topics, visit)
		}
		if at == OnResponse {
			if response, err := w.call.reply(); err == nil {
				subjects(response, w.point.proxy.topics, visit)
			}
		}
	}
	return found
}
