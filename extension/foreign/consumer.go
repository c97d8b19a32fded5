package foreign

import (
	"fmt"
	"io"

	"k6suite/extension/ledger"
)

// Consumed takes what a member of a group printed, a VerifiableConsumer with --verbose.
func (r *Run) Consumed(name, group string, in io.Reader) error {
	reader := r.ledger.NewReader(ledger.ReaderOptions{Name: name, Group: group})
	records := 0
	err := lines(in, func(_ int, l *line) error {
		r.now = l.at()
		switch l.Name {
		case "partitions_assigned":
			for _, p := range l.Partitions {
				reader.Assign(r.place(p.Topic, p.Partition), -1)
			}
		case "partitions_revoked":
			for _, p := range l.Partitions {
				reader.Revoke(r.place(p.Topic, p.Partition))
			}
		case "record_data":
			records++
			reader.Read(r.place(l.Topic, l.Partition), r.record(l))
		case "records_consumed":
			return verbose(records, l)
		case "offsets_committed":
			for _, p := range l.Offsets {
				if l.Success {
					r.ledger.Committed(group, name, r.place(p.Topic, p.Partition), p.Offset)
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Final takes what a VerifiableConsumer with --verbose printed that has read everything from the beginning, in a group of its own, after
// all had been sent. What it did not get to is not known: nothing beyond it is called lost.
func (r *Run) Final(name string, in io.Reader) error {
	read := r.ledger.NewFinalRead(name)
	reached := map[ledger.TopicPartition]int64{}
	records := 0
	begin := func(tp ledger.TopicPartition) {
		if _, begun := reached[tp]; !begun {
			read.Begin(tp, ledger.Ends{Listed: -1, HighWatermark: -1})
			reached[tp] = 0
		}
	}
	err := lines(in, func(_ int, l *line) error {
		r.now = l.at()
		switch l.Name {
		case "partitions_assigned":
			for _, p := range l.Partitions {
				begin(r.place(p.Topic, p.Partition))
			}
		case "record_data":
			records++
			tp := r.place(l.Topic, l.Partition)
			begin(tp)
			read.Read(tp, r.record(l))
			reached[tp] = max(reached[tp], l.Offset+1)
		case "records_consumed":
			return verbose(records, l)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for tp, end := range reached {
		read.End(tp, ledger.Ends{Listed: -1, HighWatermark: -1, Reached: end})
	}
	return nil
}

// verbose refuses the output of a consumer that counts records and does not print them.
func verbose(records int, l *line) error {
	if records == 0 && len(l.Partitions) > 0 {
		return fmt.Errorf("%s, yet no record_data: give the consumer --verbose", l.Name)
	}
	return nil
}

// record gives the record that a line shows as the ledger knows it. One that no producer can have sent has no identity.
func (r *Run) record(l *line) ledger.Record {
	foreign := ledger.Record{Offset: l.Offset}
	if l.Value != nil {
		foreign.Value = []byte(*l.Value)
	}
	prefix, number, err := split(l)
	if err != nil || r.senders[prefix] == nil {
		return foreign
	}
	s := r.senders[prefix]
	if s.sent < 0 {
		s.producer.Reserve(number + 1) // it was killed before it could say so
	}
	made := s.producer.Again(number)
	return ledger.Record{Offset: l.Offset, Value: made.Value, Headers: made.Headers}
}
