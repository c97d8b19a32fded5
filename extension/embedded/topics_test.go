package embedded_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/embedded"
)

// The admin client of Java takes no null for the configurations of a topic that it has created.
func TestCreatedTopicsHaveConfigsAlways(t *testing.T) {
	t.Parallel()
	c := start(t, embedded.Options{})
	request := kmsg.NewPtrCreateTopicsRequest()
	for _, name := range []string{"plain", "configured"} {
		topic := kmsg.NewCreateTopicsRequestTopic()
		topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, 1, -1
		if name == "configured" {
			config := kmsg.NewCreateTopicsRequestTopicConfig()
			config.Name, config.Value = "retention.ms", kmsg.StringPtr("60000")
			topic.Configs = append(topic.Configs, config)
		}
		request.Topics = append(request.Topics, topic)
	}
	response, err := request.RequestWith(testContext(t), client(t, c))
	require.NoError(t, err)
	require.Len(t, response.Topics, 2)
	for _, topic := range response.Topics {
		require.Zero(t, topic.ErrorCode)
		require.NotNil(t, topic.Configs, topic.Topic)
		require.NotEqual(t, [16]byte{}, topic.TopicID)
		require.Equal(t, topic.Topic == "configured", len(topic.Configs) == 1)
	}
}
