package kafkaproxy

import (
	"path"
	"regexp"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// matcher is a rule, ready to match.
type matcher struct {
	Rule
	keys       map[kmsg.Key]bool
	code       int16 // of Error
	key, value *regexp.Regexp
}

func (r Rule) compile() (*matcher, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	m := &matcher{Rule: r}
	var err error
	if m.keys, err = r.keys(); err != nil {
		return nil, err
	}
	if r.Error != "" {
		if m.code, err = codeOf(r.Error); err != nil {
			return nil, err
		}
	}
	if r.Key != "" {
		m.key = regexp.MustCompile(r.Key) // it was checked
	}
	if r.Value != "" {
		m.value = regexp.MustCompile(r.Value)
	}
	return m, nil
}

// call reports whether the rule concerns a call in a direction, whatever topics and records the call is about.
func (m *matcher) call(c *call, at Direction, node func() int32) bool {
	switch {
	case !m.keys[c.Key] || m.direction(c.Key) != at:
		return false
	case m.Broker != nil && *m.Broker != node():
		return false
	case m.ClientID != "" && !matches(m.ClientID, c.ClientID):
		return false
	case m.Group == "":
		return true
	}
	message, err := c.request()
	if err != nil {
		return false // take has decoded it before
	}
	for _, group := range groupsOf(message) {
		if matches(m.Group, group) {
			return true
		}
	}
	return false
}

// placed reports whether the rule selects by topic or partition.
func (m *matcher) placed() bool { return m.Topic != "" || m.Partition != nil }

// picky reports whether the rule selects records.
func (m *matcher) picky() bool { return m.key != nil || m.value != nil }

// at reports whether the rule matches a partition of a topic.
func (m *matcher) at(topic string, partition int32) bool {
	return (m.Topic == "" || topic != "" && matches(m.Topic, topic)) && (m.Partition == nil || *m.Partition == partition)
}

// record reports whether the rule matches a record.
func (m *matcher) record(r *kmsg.Record) bool {
	return (m.key == nil || m.key.Match(r.Key)) && (m.value == nil || m.value.Match(r.Value))
}

// matches reports whether a glob, which is valid, matches.
func matches(glob, name string) bool {
	ok, err := path.Match(slashless(glob), slashless(name))
	return err == nil && ok
}
