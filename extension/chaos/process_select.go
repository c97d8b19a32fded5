package chaos

import (
	"encoding/json"
	"errors"
	"fmt"

	"k6suite/extension/internal/nearest"
	"k6suite/extension/internal/strictjson"
)

// selector says which brokers: all of them, or one.
//
//nolint:recvcheck // to read it changes it
type selector struct {
	id          *int32
	word        string
	leader      *leaderOf
	coordinator string
}

// The words of a selector.
const (
	selectAny = "any"
	selectAll = "all"
)

type leaderOf struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
}

func (s selector) given() bool { return s != selector{} }

// UnmarshalJSON reads an id, a word, or an object that says of what.
func (s *selector) UnmarshalJSON(text []byte) error {
	var id int32
	var word string
	switch {
	case json.Unmarshal(text, &id) == nil:
		if id < 0 {
			return fmt.Errorf("%d: node ids are not negative", id)
		}
		s.id = &id
		return nil
	case json.Unmarshal(text, &word) == nil:
		if word != selectAny && word != selectAll {
			return nearest.Unknown("broker", word, []string{selectAny, selectAll})
		}
		s.word = word
		return nil
	}
	return s.readObject(text)
}

func (s *selector) readObject(text []byte) error {
	var of struct {
		Leader      json.RawMessage `json:"leaderOf"`
		Coordinator string          `json:"coordinatorOf"`
	}
	if text[0] != '{' {
		return errors.New(`want an id, "any", "all", {"leaderOf": {"topic": "t", "partition": 0}} or {"coordinatorOf": "group"}`)
	}
	if err := strictjson.Read(text, &of, "want an object"); err != nil {
		return err
	}
	if (of.Leader == nil) == (of.Coordinator == "") {
		return errors.New("want one of leaderOf and coordinatorOf")
	}
	s.coordinator = of.Coordinator
	if of.Leader == nil {
		return nil
	}
	s.leader = &leaderOf{}
	if err := strictjson.Read(of.Leader, s.leader, "want an object", "partition"); err != nil {
		return fmt.Errorf("leaderOf: %w", err)
	}
	if s.leader.Topic == "" || s.leader.Partition < 0 {
		return errors.New(`leaderOf: want {"topic": "t", "partition": 0}: a topic, and a partition from 0 on`)
	}
	return nil
}
