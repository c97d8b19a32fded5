package kafkaproxy

import (
	"reflect"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/recordbatch"
)

// passed is what the rules have done to a request, for its answer.
type passed struct {
	laid  *overlay
	notes []note
}

// overlay is what rules answer in place of a broker. It is laid over the answer of the broker, who has not seen, or not applied, that.
type overlay struct {
	told    []told
	fetches []unfetchedPart
	others  []kmsg.Response // of the kind of the answer
}

// told is a success that a producer is told of.
type told struct {
	topic  kmsg.ProduceResponseTopic // its name and id
	answer kmsg.ProduceResponseTopicPartition
	at     TopicPartition
	span   int64
}

// unfetchedPart is an error in place of what a reader asked for.
type unfetchedPart struct {
	fetchedPart
	code int16
}

// overlay is that of the call.
func (w *passage) overlay() *overlay {
	if w.call.passed.laid == nil {
		w.call.passed.laid = &overlay{}
	}
	return w.call.passed.laid
}

func (o *overlay) produced(t *kmsg.ProduceRequestTopic, answer kmsg.ProduceResponseTopicPartition, at TopicPartition, span int64) {
	o.told = append(o.told, told{topic: kmsg.ProduceResponseTopic{Topic: t.Topic, TopicID: t.TopicID}, answer: answer, at: at, span: span})
}

func (o *overlay) fetched(p fetchedPart, code int16) {
	o.fetches = append(o.fetches, unfetchedPart{p, code})
}

// prepare makes the request what the rules have left of it. It reports whether that is nothing; then the call is answered.
func (w *passage) prepare() (over bool, err error) {
	if w.call.Key == kmsg.Produce && w.numbers().used() {
		w.renumber()
	}
	silent, err := w.call.unanswered()
	if err != nil {
		return false, err
	}
	if silent {
		w.logSilent()
	}
	if !w.changed {
		return false, nil
	}
	if m := w.produced(); m == nil || len(m.Topics) > 0 {
		w.call.encode()
		return false, nil
	}
	if silent {
		w.call.complete(nil)
		return true, nil
	}
	answer := kmsg.NewPtrProduceResponse()
	answer.Version = w.call.Version
	if w.point.place.leg { // nobody else lays anything over it there
		w.call.answer = answer
		w.lay(w.call.passed.laid)
		w.call.passed.laid = nil
	}
	w.call.respond(answer)
	return true, nil
}

// renumber closes the gaps before the batches of the request.
func (w *passage) renumber() {
	w.changeProduced(func(_ *kmsg.ProduceRequestTopic, topic string, p *kmsg.ProduceRequestTopicPartition) bool {
		b, err := recordbatch.One(p.Records)
		if err != nil {
			return true
		}
		if sequence := w.numbers().pass(b, TopicPartition{topic, p.Partition}); sequence != b.BaseSequence() {
			p.Records, w.changed = b.Renumbered(sequence), true
		}
		return true
	})
}

// complete lays what rules have answered over the answer of the broker.
func (w *passage) complete(armed *arms) error {
	laid := w.call.passed.laid
	dropping := armed != nil && slices.ContainsFunc(armed.active, func(f *Fault) bool { return f.matcher.Action == Drop })
	if w.call.Key == kmsg.Produce && (dropping || laid != nil) {
		if err := w.seeEnds(); err != nil {
			return err
		}
	}
	if laid == nil {
		return nil
	}
	if _, err := w.call.reply(); err != nil {
		return err
	}
	w.lay(laid)
	w.call.replace()
	w.call.passed.laid = nil
	return nil
}

// seeEnds learns from an answer where partitions end.
func (w *passage) seeEnds() error {
	message, err := w.call.reply()
	if err != nil {
		return err
	}
	spans := map[TopicPartition]int64{}
	w.eachProduced(func(topic string, p *kmsg.ProduceRequestTopicPartition) {
		if b, err := recordbatch.One(p.Records); err == nil {
			spans[TopicPartition{topic, p.Partition}] = int64(b.Span())
		}
	})
	for _, t := range message.(*kmsg.ProduceResponse).Topics {
		topic := w.point.proxy.topics.name(t.Topic, t.TopicID)
		for _, p := range t.Partitions {
			at := TopicPartition{topic, p.Partition}
			if span, ok := spans[at]; ok && p.ErrorCode == 0 && p.BaseOffset >= 0 {
				w.faults.ends.saw(at, p.BaseOffset+span)
			}
		}
	}
	return nil
}

// lay puts an overlay over the decoded answer. Where a dropped batch would have gone is known only now, that all answers before have
// been seen.
func (w *passage) lay(o *overlay) {
	answer := reflect.ValueOf(w.call.answer).Elem()
	for _, t := range o.told {
		if t.answer.ErrorCode == 0 {
			t.answer.BaseOffset = w.faults.ends.pretend(t.at, t.span, t.answer.BaseOffset)
		}
		t.topic.Partitions = []kmsg.ProduceResponseTopicPartition{t.answer}
		one := kmsg.ProduceResponse{Topics: []kmsg.ProduceResponseTopic{t.topic}}
		merge(answer, reflect.ValueOf(&one).Elem())
	}
	for _, f := range o.fetches {
		topic := kmsg.FetchResponseTopic{Topic: f.name, TopicID: f.id}
		topic.Partitions = []kmsg.FetchResponseTopicPartition{unfetched(f.partition, f.code)}
		one := kmsg.FetchResponse{Topics: []kmsg.FetchResponseTopic{topic}}
		merge(answer, reflect.ValueOf(&one).Elem())
	}
	for _, other := range o.others {
		merge(answer, reflect.ValueOf(other).Elem())
	}
}

// merge puts the elements of the lists of one answer into those of another, in the place of those that are about the same.
func merge(to, from reflect.Value) {
	for i := range from.NumField() {
		list, into := from.Field(i), to.Field(i)
		if list.Kind() != reflect.Slice || list.Type().Elem().Kind() != reflect.Struct {
			continue
		}
		for j := range list.Len() {
			e := list.Index(j)
			found := same(into, e)
			switch {
			case !found.IsValid():
				into.Set(reflect.Append(into, e))
			case nested(e):
				merge(found, e)
			default:
				found.Set(e)
			}
		}
	}
}

// same returns the element of a list that is about what e is about.
func same(list, e reflect.Value) reflect.Value {
	for i := range list.Len() {
		about, equal := 0, true
		for j := range e.NumField() {
			if name := e.Type().Field(j).Name; identity(name) {
				about++
				equal = equal && reflect.DeepEqual(e.Field(j).Interface(), list.Index(i).Field(j).Interface())
			}
		}
		if about > 0 && equal {
			return list.Index(i)
		}
	}
	return reflect.Value{}
}

// nested reports whether an element of an answer has parts of its own that are answered one by one.
func nested(e reflect.Value) bool {
	for _, name := range []string{"Partitions", "Topics"} {
		if field := e.FieldByName(name); field.IsValid() && field.Kind() == reflect.Slice && field.Len() > 0 {
			return true
		}
	}
	return false
}
