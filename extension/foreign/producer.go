package foreign

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"k6suite/extension/ledger"
)

// sender is one producer, and the values that are its own.
type sender struct {
	name     string
	producer *ledger.Producer
	sent     int64 // as far as is known; −1: it did not live to say
}

// Produced takes what a VerifiableProducer printed. A send that it reports as failed is of unknown outcome, for it does not say whether the
// record was written; so is what it sent and never reported, if it was killed.
func (r *Run) Produced(name string, in io.Reader) error {
	s := &sender{name: name, sent: -1}
	prefix, known := "", false
	err := lines(in, func(_ int, l *line) error {
		r.now = l.at()
		switch l.Name {
		case "producer_send_success", "producer_send_error":
			at, number, err := split(l)
			if err != nil {
				return err
			}
			if !known {
				if prefix, known = at, true; r.senders[prefix] != nil {
					return fmt.Errorf("its values are those of %s, too: give each producer another --value-prefix", r.senders[prefix].name)
				}
				r.senders[prefix] = s
				s.producer = r.ledger.NewProducer(ledger.ProducerOptions{Name: name, Ordered: true})
			}
			if at != prefix {
				return fmt.Errorf("its value %q is that of another producer: one file is one producer", *l.Value)
			}
			return r.settle(s, number, l)
		case "tool_data":
			if l.Sent != nil {
				s.sent = *l.Sent
			}
		}
		return nil
	})
	if err == nil && !known {
		err = fmt.Errorf("%w: nothing was sent", ErrNoLines)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if s.sent >= 0 {
		s.producer.Reserve(uint64(s.sent))
	}
	return nil
}

func (r *Run) settle(s *sender, number uint64, l *line) error {
	s.producer.Reserve(number + 1)
	outcome := ledger.Outcome{
		Serial: s.producer.Serial(number), Kind: ledger.Unknown, Offset: -1, At: l.at(), TP: r.place(l.Topic, l.Partition),
		Error: l.Exception[strings.LastIndexByte(l.Exception, '.')+1:],
	}
	if l.Name == "producer_send_success" {
		outcome.Kind, outcome.Offset = ledger.Acked, l.Offset
	}
	r.ledger.Settle(outcome)
	return nil
}

// split takes a value apart: what its producer's values begin with, and its number.
func split(l *line) (prefix string, number uint64, err error) {
	if l.Value == nil {
		return "", 0, fmt.Errorf("%s has no value", l.Name)
	}
	i := strings.LastIndexByte(*l.Value, '.') + 1
	number, err = strconv.ParseUint((*l.Value)[i:], 10, 38)
	if err != nil {
		return "", 0, fmt.Errorf("the value %q is no number, with or without a prefix", *l.Value)
	}
	return (*l.Value)[:i], number, nil
}
