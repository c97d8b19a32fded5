package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"k6suite/extension/kafka"
)

// refused are the only broker errors that prove that nothing was written. Every other code there is must be Unknown.
var refused = map[string]bool{
	"INVALID_TOPIC_EXCEPTION": true, "TOPIC_AUTHORIZATION_FAILED": true, "CLUSTER_AUTHORIZATION_FAILED": true,
	"TRANSACTIONAL_ID_AUTHORIZATION_FAILED": true, "MESSAGE_TOO_LARGE": true, "RECORD_LIST_TOO_LARGE": true,
	"INVALID_RECORD": true, "INVALID_TIMESTAMP": true,
}

func TestClassifyEveryBrokerError(t *testing.T) {
	t.Parallel()
	met := 0
	for code := int16(-1); code < 1000; code++ {
		var broker *kerr.Error
		if err := kerr.ErrorForCode(code); err == nil || !errors.As(err, &broker) || broker.Code != code {
			continue
		}
		want := kafka.Unknown
		if refused[broker.Message] {
			want = kafka.Failed
			met++
		}
		require.Equal(t, want, kafka.Classify(broker, -1), broker.Message)
		require.Equal(t, want, kafka.Classify(fmt.Errorf("%w (more)", broker), 0), "%s wrapped, with a stray offset", broker.Message)
		require.Equal(t, broker.Message, kafka.ErrorName(fmt.Errorf("wrapped: %w", broker)))
	}
	require.Equal(t, len(refused), met, "each refusal exists")
}

func TestClassifyWithoutBrokerError(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err    error
		offset int64
		want   kafka.Outcome
	}{
		"acknowledged":                    {nil, 0, kafka.OK},
		"acknowledged later":              {nil, 1 << 40, kafka.OK},
		"acknowledged without an offset":  {nil, -1, kafka.Suspicious},
		"buffer full":                     {kgo.ErrMaxBuffered, -1, kafka.Failed},
		"aborted":                         {kgo.ErrAborting, -1, kafka.Failed},
		"delivery timeout":                {kgo.ErrRecordTimeout, -1, kafka.Unknown},
		"retries exhausted":               {kgo.ErrRecordRetries, -1, kafka.Unknown},
		"timeout after a refusal":         {fmt.Errorf("%w, last err: %w", kgo.ErrRecordTimeout, kerr.InvalidRecord), -1, kafka.Unknown},
		"client closed":                   {kgo.ErrClientClosed, -1, kafka.Unknown},
		"canceled":                        {context.Canceled, -1, kafka.Unknown},
		"deadline":                        {context.DeadlineExceeded, -1, kafka.Unknown},
		"connection lost":                 {io.EOF, -1, kafka.Unknown},
		"something that nobody has named": {errors.New("?"), -1, kafka.Unknown},
	} {
		require.Equal(t, c.want, kafka.Classify(c.err, c.offset), name)
	}
}

func TestErrorNamesAreStable(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"":                  nil,
		"RECORD_TIMEOUT":    fmt.Errorf("%w, last err: %w", kgo.ErrRecordTimeout, kerr.NotLeaderForPartition),
		"RECORD_RETRIES":    kgo.ErrRecordRetries,
		"BUFFER_FULL":       kgo.ErrMaxBuffered,
		"ABORTED":           kgo.ErrAborting,
		"CLIENT_CLOSED":     kgo.ErrClientClosed,
		"DEADLINE_EXCEEDED": context.DeadlineExceeded,
		"CANCELED":          context.Canceled,
		"CONNECTION_LOST":   io.ErrUnexpectedEOF,
		"DATA_LOSS":         &kgo.ErrDataLoss{},
		"CLIENT_ERROR":      errors.New("?"),
	} {
		require.Equal(t, want, kafka.ErrorName(err))
	}
}
