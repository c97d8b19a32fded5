package access

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/kafka"
	"k6suite/extension/ledger"
)

// metadata is an answer about the topic of a domain, and about one that is not there.
func metadata(d *domain, there, absent *kerr.Error) kmsg.Response {
	m := kmsg.NewPtrMetadataResponse()
	for name, err := range map[string]*kerr.Error{d.topic(): there, d.absent(): absent} {
		t := kmsg.NewMetadataResponseTopic()
		t.Topic = kmsg.StringPtr(name)
		if err != nil {
			t.ErrorCode = err.Code
		}
		m.Topics = append(m.Topics, t)
	}
	return m
}

func offsets(err *kerr.Error) kmsg.Response {
	m := kmsg.NewPtrListOffsetsResponse()
	t, p := kmsg.NewListOffsetsResponseTopic(), kmsg.NewListOffsetsResponseTopicPartition()
	if err != nil {
		p.ErrorCode = err.Code
	}
	t.Partitions = append(t.Partitions, p)
	m.Topics = append(m.Topics, t)
	return m
}

func operationOf(t *testing.T, name string) operation {
	t.Helper()
	for _, op := range operations() {
		if op.name == name {
			return op
		}
	}
	require.Fail(t, "no operation "+name)
	return operation{}
}

func TestAnswersAreRead(t *testing.T) {
	t.Parallel()
	const mine, stranger, reader = 0, 1, 2
	const granted, denied, failed = ledger.AccessGranted, ledger.AccessDenied, ledger.AccessFailed
	d, unknown := &domain{base: "hers-"}, kerr.UnknownTopicOrPartition
	for name, c := range map[string]struct {
		operation string
		answer    kmsg.Response
		who       int // mine may all, a stranger nothing, a reader knows of the topic
		want      ledger.AccessOutcome
	}{
		"done":                             {"list offsets", offsets(nil), mine, granted},
		"done for a stranger":              {"list offsets", offsets(nil), stranger, granted},
		"refused":                          {"list offsets", offsets(kerr.TopicAuthorizationFailed), stranger, denied},
		"refused though it is allowed":     {"list offsets", offsets(kerr.TopicAuthorizationFailed), mine, denied},
		"not there, to a stranger":         {"list offsets", offsets(kerr.UnknownTopicOrPartition), stranger, denied},
		"not there, to who knows better":   {"list offsets", offsets(kerr.UnknownTopicOrPartition), reader, failed},
		"not there, though it is allowed":  {"list offsets", offsets(kerr.UnknownTopicOrPartition), mine, failed},
		"refused by the wrong error":       {"list offsets", offsets(kerr.GroupAuthorizationFailed), stranger, failed},
		"an unknown error":                 {"list offsets", offsets(kerr.UnknownServerError), stranger, failed},
		"shown":                            {"metadata of a topic", metadata(d, nil, kerr.UnknownTopicOrPartition), mine, granted},
		"hidden":                           {"metadata of a topic", metadata(d, unknown, unknown), stranger, denied},
		"left out":                         {"metadata of a topic", kmsg.NewPtrMetadataResponse(), stranger, denied},
		"not listed":                       {"metadata of all topics", kmsg.NewPtrMetadataResponse(), stranger, denied},
		"not listed though it is allowed":  {"metadata of all topics", kmsg.NewPtrMetadataResponse(), mine, denied},
		"listed":                           {"metadata of all topics", metadata(d, nil, nil), stranger, granted},
		"no error, and no records":         {"fetch", kmsg.NewPtrFetchResponse(), stranger, failed},
		"asked for a member id":            {"join group", joined(kerr.MemberIDRequired), stranger, granted},
		"not let into the group":           {"join group", joined(kerr.GroupAuthorizationFailed), stranger, denied},
		"no topic may be created at all":   {"create topic", created(kerr.ClusterAuthorizationFailed), stranger, denied},
		"a cluster error for another wish": {"list offsets", offsets(kerr.ClusterAuthorizationFailed), stranger, failed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := operationOf(t, c.operation)
			lacks := op.needs
			if c.who == mine {
				lacks = nil
			}
			outcome, detail := op.read(d, c.answer, codes(c.answer), lacks, c.who != stranger)
			require.Equal(t, c.want, outcome, detail)
			require.NotEmpty(t, detail)
		})
	}
}

func joined(err *kerr.Error) kmsg.Response {
	m := kmsg.NewPtrJoinGroupResponse()
	m.ErrorCode = err.Code
	return m
}

func created(err *kerr.Error) kmsg.Response {
	m := kmsg.NewPtrCreateTopicsResponse()
	t := kmsg.NewCreateTopicsResponseTopic()
	t.ErrorCode = err.Code
	m.Topics = append(m.Topics, t)
	return m
}

func TestARefusalTellsWhatIsThereByItsDifference(t *testing.T) {
	t.Parallel()
	d := &domain{base: "hers-"}
	refused, unknown := kerr.TopicAuthorizationFailed, kerr.UnknownTopicOrPartition
	require.Empty(t, tellsWhatIsThere(d, metadata(d, refused, refused)))
	require.Empty(t, tellsWhatIsThere(d, metadata(d, unknown, unknown)))
	require.Empty(t, tellsWhatIsThere(d, kmsg.NewPtrMetadataResponse()))
	require.Equal(t, "TOPIC_AUTHORIZATION_FAILED for a topic that is there, UNKNOWN_TOPIC_OR_PARTITION for one that is not",
		tellsWhatIsThere(d, metadata(d, refused, unknown)))
}

func TestErrorsWithoutAnAnswerAreToldApart(t *testing.T) {
	t.Parallel()
	require.Equal(t, ledger.AccessTimedOut, outcomeOf(context.DeadlineExceeded))
	require.Equal(t, ledger.AccessDisconnected, outcomeOf(io.EOF))
	require.Equal(t, ledger.AccessFailed, outcomeOf(errors.New("something else")))
}

func TestCodesAreFoundWhereverTheyStand(t *testing.T) {
	t.Parallel()
	require.Empty(t, codes(offsets(nil)))
	require.Equal(t, []int16{kerr.NotLeaderForPartition.Code}, codes(offsets(kerr.NotLeaderForPartition)))
	require.True(t, passing(codes(offsets(kerr.NotLeaderForPartition))))
	require.False(t, passing(codes(offsets(kerr.TopicAuthorizationFailed))))
	require.Equal(t, "no error", names(nil))
	require.Equal(t, "error 32000", names([]int16{32000}))
}

func TestRightsInDomains(t *testing.T) {
	t.Parallel()
	o := Options{Name: "r", Principals: []Principal{{Name: "alice", User: "User:alice"}, {Name: "bob", User: "User:bob"}}}
	list := domains(o)
	require.Len(t, list, 4)
	read, write, describe := onTopic(kmsg.ACLOperationRead), onTopic(kmsg.ACLOperationWrite), onTopic(kmsg.ACLOperationDescribe)
	hers, shared, nobodys := list[0], list[2], list[3]
	require.Empty(t, hers.may(0, []right{read, write, describe}))
	require.Equal(t, []right{read, write}, hers.may(1, []right{read, write}))
	require.Equal(t, []right{read}, shared.may(0, []right{read, write}), "alice writes")
	require.Equal(t, []right{write}, shared.may(1, []right{read, write}), "bob reads")
	require.True(t, shared.knows(0))
	require.False(t, hers.knows(1))
	require.False(t, nobodys.knows(0))

	o.Principals[0].Owns, o.Principals[1].Owns = "a-", "b-"
	list = domains(o)
	require.Len(t, list, 3, "rights in part cannot be granted")
	require.Regexp(t, "^a-.*topic$", list[0].topic())
	require.Regexp(t, "^b-.*topic$", list[1].topic())
}

func TestOptionsThatCannotBe(t *testing.T) {
	t.Parallel()
	alice, bob := Principal{Name: "alice", User: "User:alice"}, Principal{Name: "bob", User: "User:bob"}
	owner := func(p Principal, owns string) Principal { p.Owns = owns; return p }
	for want, o := range map[string]Options{
		"no name":                      {Principals: []Principal{alice, bob}},
		"1 principals: 2 are needed":   {Name: "r", Principals: []Principal{alice}},
		"both principals are":          {Name: "r", Principals: []Principal{alice, alice}},
		"give both a prefix":           {Name: "r", Principals: []Principal{owner(alice, "a-"), bob}},
		"would belong to both":         {Name: "r", Principals: []Principal{owner(alice, "a-"), owner(bob, "a-b-")}},
		"no broker answers":            {Name: "r", Principals: []Principal{alice, bob}, Admin: kafka.Config{Brokers: []string{"127.0.0.1:1"}}},
		"name at least one address as": {Name: "r", Principals: []Principal{alice, bob}},
	} {
		_, err := Run(t.Context(), o)
		require.ErrorContains(t, err, want)
	}
}
