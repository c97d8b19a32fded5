package kafkaproxy

import (
	"math"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// fill gives each list of a message one element, and each name a value.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; name != "Version" && name != "UnknownTags" {
				fill(v.Field(i))
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		one := reflect.MakeSlice(v.Type(), 1, 1)
		setDefaults(one.Index(0).Addr())
		fill(one.Index(0))
		v.Set(one)
	case reflect.String:
		v.SetString("x")
	case reflect.Pointer:
		one := reflect.New(v.Type().Elem())
		fill(one.Elem())
		v.Set(one)
	}
}

// received is a filled request as the proxy gets it.
func received(t *testing.T, key, version int16) kmsg.Request {
	t.Helper()
	request := kmsg.RequestForKey(key)
	setDefaults(reflect.ValueOf(request))
	fill(reflect.ValueOf(request).Elem())
	request.SetVersion(version)
	decoded := kmsg.RequestForKey(key)
	decoded.SetVersion(version)
	require.NoError(t, decoded.ReadFrom(request.AppendTo(nil)))
	return decoded
}

func TestRefuseEveryAPI(t *testing.T) {
	t.Parallel()
	const code = 7777
	for key := range int16(math.MaxInt8) {
		if kmsg.RequestForKey(key) == nil {
			continue
		}
		for version := int16(0); version <= kmsg.RequestForKey(key).MaxVersion(); version++ {
			request := received(t, key, version)
			response, err := refuse(request, version, code, nil, newTopicNames())
			require.NoError(t, err, "%s version %d", kmsg.NameForKey(key), version)
			require.True(t, carriesCode(response, code))
			require.Equal(t, version, response.GetVersion())
		}
	}
}

func TestRefusePlaces(t *testing.T) {
	t.Parallel()
	const code = 6
	names := newTopicNames()
	names.learn("orders", [16]byte{1})
	t.Run("Produce names its partitions, by id too", func(t *testing.T) {
		t.Parallel()
		q := kmsg.NewPtrProduceRequest()
		q.Topics = []kmsg.ProduceRequestTopic{
			{TopicID: [16]byte{1}, Partitions: []kmsg.ProduceRequestTopicPartition{{Partition: 3}, {Partition: 4}}},
			{TopicID: [16]byte{2}, Partitions: []kmsg.ProduceRequestTopicPartition{{Partition: 3}}},
		}
		response, err := refuse(q, 13, code, func(topic string, p int32) bool { return topic == "orders" && p == 4 }, names)
		require.NoError(t, err)
		topics := response.(*kmsg.ProduceResponse).Topics
		require.Len(t, topics, 1)
		require.Equal(t, [16]byte{1}, topics[0].TopicID)
		require.Len(t, topics[0].Partitions, 1)
		p := topics[0].Partitions[0]
		require.Equal(t, int32(4), p.Partition)
		require.Equal(t, int16(code), p.ErrorCode)
		require.Equal(t, int64(-1), p.BaseOffset)
	})
	t.Run("Fetch without partitions refuses as a whole", func(t *testing.T) {
		t.Parallel()
		response, err := refuse(kmsg.NewPtrFetchRequest(), 12, code, nil, names)
		require.NoError(t, err)
		require.Equal(t, int16(code), response.(*kmsg.FetchResponse).ErrorCode)
		_, err = refuse(kmsg.NewPtrFetchRequest(), 6, code, nil, names)
		require.ErrorContains(t, err, "no place for error code 6")
	})
	t.Run("Fetch has empty records", func(t *testing.T) {
		t.Parallel()
		q := kmsg.NewPtrFetchRequest()
		q.Topics = []kmsg.FetchRequestTopic{{Topic: "orders", Partitions: []kmsg.FetchRequestTopicPartition{{Partition: 3, FetchOffset: 9}}}}
		response, err := refuse(q, 12, code, nil, names)
		require.NoError(t, err)
		p := response.(*kmsg.FetchResponse).Topics[0].Partitions[0]
		require.NotNil(t, p.RecordBatches)
		require.Empty(t, p.RecordBatches)
		require.Equal(t, int64(-1), p.HighWatermark)
		require.Zero(t, response.(*kmsg.FetchResponse).ErrorCode)
	})
	t.Run("OffsetFetch refuses groups, and partitions if asked", func(t *testing.T) {
		t.Parallel()
		q := kmsg.NewPtrOffsetFetchRequest()
		q.Groups = []kmsg.OffsetFetchRequestGroup{
			{Group: "g", Topics: []kmsg.OffsetFetchRequestGroupTopic{{Topic: "orders", Partitions: []int32{0, 1}}}},
		}
		response, err := refuse(q, 9, code, nil, names)
		require.NoError(t, err)
		require.Equal(t, "g", response.(*kmsg.OffsetFetchResponse).Groups[0].Group)
		require.Equal(t, int16(code), response.(*kmsg.OffsetFetchResponse).Groups[0].ErrorCode)
		require.Empty(t, response.(*kmsg.OffsetFetchResponse).Groups[0].Topics)
		response, err = refuse(q, 9, code, func(_ string, p int32) bool { return p == 1 }, names)
		require.NoError(t, err)
		group := response.(*kmsg.OffsetFetchResponse).Groups[0]
		require.Zero(t, group.ErrorCode)
		require.Len(t, group.Topics[0].Partitions, 1)
		require.Equal(t, int16(code), group.Topics[0].Partitions[0].ErrorCode)
	})
	t.Run("DeleteTopics by name and by id", func(t *testing.T) {
		t.Parallel()
		q := kmsg.NewPtrDeleteTopicsRequest()
		q.TopicNames = []string{"orders", "other"}
		only := func(topic string, p int32) bool { return topic == "orders" && p == whole }
		response, err := refuse(q, 5, code, only, names)
		require.NoError(t, err)
		require.Len(t, response.(*kmsg.DeleteTopicsResponse).Topics, 1)
		require.Equal(t, "orders", *response.(*kmsg.DeleteTopicsResponse).Topics[0].Topic)
		q = kmsg.NewPtrDeleteTopicsRequest()
		q.Topics = []kmsg.DeleteTopicsRequestTopic{{TopicID: [16]byte{1}}, {TopicID: [16]byte{2}}}
		response, err = refuse(q, 6, code, only, names)
		require.NoError(t, err)
		require.Len(t, response.(*kmsg.DeleteTopicsResponse).Topics, 1)
	})
	t.Run("ApiVersions refused for its version has version 0", func(t *testing.T) {
		t.Parallel()
		response, err := refuse(kmsg.NewPtrApiVersionsRequest(), 3, kerr.UnsupportedVersion.Code, nil, names)
		require.NoError(t, err)
		require.Zero(t, response.GetVersion())
	})
	t.Run("FindCoordinator names the key", func(t *testing.T) {
		t.Parallel()
		q := kmsg.NewPtrFindCoordinatorRequest()
		q.CoordinatorKeys = []string{"g"}
		response, err := refuse(q, 4, code, nil, names)
		require.NoError(t, err)
		require.Equal(t, "g", response.(*kmsg.FindCoordinatorResponse).Coordinators[0].Key)
		require.Equal(t, int16(code), response.(*kmsg.FindCoordinatorResponse).Coordinators[0].ErrorCode)
	})
	t.Run("LeaveGroup refuses the group", func(t *testing.T) {
		t.Parallel()
		q := kmsg.NewPtrLeaveGroupRequest()
		q.Members = []kmsg.LeaveGroupRequestMember{{MemberID: "m"}}
		response, err := refuse(q, 4, code, nil, names)
		require.NoError(t, err)
		require.Equal(t, int16(code), response.(*kmsg.LeaveGroupResponse).ErrorCode)
	})
	t.Run("configs of topics only", func(t *testing.T) {
		t.Parallel()
		q := kmsg.NewPtrDescribeConfigsRequest()
		q.Resources = []kmsg.DescribeConfigsRequestResource{
			{ResourceType: kmsg.ConfigResourceTypeTopic, ResourceName: "orders"},
			{ResourceType: kmsg.ConfigResourceTypeTopic, ResourceName: "other"},
		}
		response, err := refuse(q, 4, code, func(topic string, _ int32) bool { return topic == "orders" }, names)
		require.NoError(t, err)
		require.Len(t, response.(*kmsg.DescribeConfigsResponse).Resources, 1)
	})
}
