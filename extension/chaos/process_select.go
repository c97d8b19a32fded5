package chaos

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"k6suite/extension/internal/nearest"
	"k6suite/extension/internal/strictjson"
)

// selector says which brokers: all of them, those that follow the leader of a partition, or one.
//
//nolint:recvcheck // to read it changes it
type selector struct {
	id          *int32
	word        string
	leader      *ofPartition
	followers   *ofPartition
	coordinator string
}

// The words of a selector.
const (
	selectAny        = "any"
	selectAll        = "all"
	selectController = "controller"
)

func selectorWords() []string { return []string{selectAny, selectAll, selectController} }

type ofPartition struct {
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
		if !slices.Contains(selectorWords(), word) {
			return nearest.Unknown("broker", word, selectorWords())
		}
		s.word = word
		return nil
	}
	return s.readObject(text)
}

func (s *selector) readObject(text []byte) error {
	var of struct {
		Leader      json.RawMessage `json:"leaderOf"`
		Followers   json.RawMessage `json:"followersOf"`
		Coordinator string          `json:"coordinatorOf"`
	}
	if text[0] != '{' {
		return errors.New(`want an id, "any", "all", "controller", {"leaderOf": {"topic": "t", "partition": 0}}, ` +
			`{"followersOf": {"topic": "t", "partition": 0}} or {"coordinatorOf": "group"}`)
	}
	if err := strictjson.Read(text, &of, "want an object"); err != nil {
		return err
	}
	given := 0
	for _, is := range []bool{of.Leader != nil, of.Followers != nil, of.Coordinator != ""} {
		if is {
			given++
		}
	}
	if given != 1 {
		return errors.New("want one of leaderOf, followersOf and coordinatorOf")
	}
	s.coordinator = of.Coordinator
	var err error
	if of.Leader != nil {
		s.leader, err = readPartition("leaderOf", of.Leader)
	}
	if of.Followers != nil {
		s.followers, err = readPartition("followersOf", of.Followers)
	}
	return err
}

func readPartition(key string, text []byte) (*ofPartition, error) {
	of := &ofPartition{}
	if err := strictjson.Read(text, of, "want an object", "partition"); err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	if of.Topic == "" || of.Partition < 0 {
		return nil, fmt.Errorf(`%s: want {"topic": "t", "partition": 0}: a topic, and a partition from 0 on`, key)
	}
	return of, nil
}
