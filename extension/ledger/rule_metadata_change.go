package ledger

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// changed: behind a single endpoint, what metadata shows of brokers, controller or leaders became different. What is shown of brokers at
// other addresses than the endpoint is told by address or dead. A thing that changed makes one finding, however often it did.
func (j *judging) changed(log *metadataLog) {
	if !j.options.Steady {
		return
	}
	rule := aspectOf(MetadataLie, aspectChanged)
	lines := map[string]*Finding{}
	var order []string
	for _, c := range log.shape.changes.kept {
		what, detail := j.describe(c)
		if detail == "" {
			continue
		}
		if f, ok := lines[what]; ok {
			f.Count++
			continue
		}
		f := Finding{Partition: -1, Offset: -1, Sequence: -1, Detail: detail}.seen(c.who, c.at)
		if c.tp != nil {
			f.Topic, f.Partition = c.tp.Topic, c.tp.Partition
		}
		lines[what] = &f
		order = append(order, what)
	}
	for _, what := range order {
		j.out.put(rule, *lines[what])
	}
	if len(order) > 0 {
		j.out.fold(rule, TopicPartition{}, log.shape.changes.total-int64(len(log.shape.changes.kept)))
	}
}

// describe says what changed, and how; "" where another aspect tells it.
func (j *judging) describe(c shapeChange) (what, detail string) {
	switch {
	case c.brokersAfter != nil:
		before, after := j.promised(c.brokersBefore), j.promised(c.brokersAfter)
		if slices.Equal(before, after) {
			return "brokers", ""
		}
		return "brokers", fmt.Sprintf("metadata showed %s, and before that %s", listed(after), listed(before))
	case c.tp != nil:
		return "leader of " + c.tp.String(), fmt.Sprintf("metadata showed %s as its leader, and before that %s", node(c.after), node(c.before))
	default:
		return "controller", fmt.Sprintf("metadata showed %s as the controller, and before that %s", node(c.after), node(c.before))
	}
}

// promised leaves out the brokers whose address is not the promised one.
func (j *judging) promised(brokers []MetadataBroker) []MetadataBroker {
	if j.options.Endpoint == "" {
		return brokers
	}
	return slices.DeleteFunc(slices.Clone(brokers), func(b MetadataBroker) bool { return b.Address != j.options.Endpoint })
}

func listed(all []MetadataBroker) string {
	texts := make([]string, len(all))
	for i, b := range all {
		texts[i] = fmt.Sprintf("broker %d at %s", b.ID, b.Address)
	}
	return cmp.Or(strings.Join(texts, ", "), "no broker")
}

func node(id int32) string {
	if id < 0 {
		return "nobody"
	}
	return fmt.Sprintf("broker %d", id)
}
