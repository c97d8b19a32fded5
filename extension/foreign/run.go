package foreign

import (
	"time"

	"k6suite/extension/ledger"
)

// Run is what clients of one run have printed.
type Run struct {
	ledger  *ledger.Ledger
	senders map[string]*sender // by what their values begin with
	now     time.Time          // of the line that is being read
}

// New returns a run of which nothing is known. Give it all producers before the first consumer.
func New() *Run {
	r := &Run{senders: map[string]*sender{}}
	r.ledger = ledger.New(ledger.Options{Run: "foreign", Now: func() time.Time { return r.now }})
	return r
}

// place owns the topic: whatever is read there must have been sent by one of the producers.
func (r *Run) place(topic string, partition int32) ledger.TopicPartition {
	r.ledger.Own(topic)
	return ledger.TopicPartition{Topic: topic, Partition: partition}
}

// Judge applies the rules to all that was told.
func (r *Run) Judge(o ledger.JudgeOptions) ledger.Judgement { return r.ledger.Judge(o) }
