package kafka

import (
	"errors"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Outcome is what is known of a record after its send.
type Outcome uint8

const (
	// Unknown means that the record may or may not be in the log, now or later.
	Unknown Outcome = iota
	// OK means that the broker acknowledged the record at an offset.
	OK
	// Suspicious means acknowledged without an offset: the broker called it a duplicate (DUPLICATE_SEQUENCE_NUMBER). The
	// application takes that for success, so the record must be readable.
	Suspicious
	// Failed means proven not written, neither now nor later.
	Failed
)

// String gives the outcome's name: unknown, ok, suspicious or failed.
func (o Outcome) String() string {
	return [...]string{"unknown", "ok", "suspicious", "failed"}[o]
}

// refusals are the broker's errors that are decided before anything is appended, and that no later retry of the same
// request can turn around. Whatever is not in this list is Unknown: timeouts and lost connections, not-leader (a leader
// that steps down may have appended), out-of-order sequence (the log and the client disagree), storage errors, not
// enough replicas after append, unknown server error, and every error that a future broker may invent.
var refusals = map[int16]bool{
	kerr.InvalidTopicException.Code:              true,
	kerr.TopicAuthorizationFailed.Code:           true,
	kerr.ClusterAuthorizationFailed.Code:         true,
	kerr.TransactionalIDAuthorizationFailed.Code: true,
	kerr.MessageTooLarge.Code:                    true,
	kerr.RecordListTooLarge.Code:                 true,
	kerr.InvalidRecord.Code:                      true,
	kerr.InvalidTimestamp.Code:                   true,
}

// Classify gives the outcome that a produce promise proves by itself: its error, and its offset where there is none.
// Failed means that *this attempt* wrote nothing; a [Producer] knows more of the attempts before it and turns Failed into
// Unknown where one of them may have written the record.
func Classify(err error, offset int64) Outcome {
	if err == nil {
		if offset < 0 {
			return Suspicious
		}
		return OK
	}
	if errors.Is(err, kgo.ErrMaxBuffered) || errors.Is(err, kgo.ErrAborting) {
		return Failed
	}
	if refusal, ok := errors.AsType[*kerr.Error](err); ok && refusals[refusal.Code] && !exhausted(err) {
		return Failed
	}
	return Unknown
}

// exhausted says that the named error is only the last of several: "timed out, last err: …".
func exhausted(err error) bool {
	return errors.Is(err, kgo.ErrRecordTimeout) || errors.Is(err, kgo.ErrRecordRetries)
}

// refusedByClient says that franz-go itself found the record too large for a batch, so that no request carried it and no
// other record shares its fate. The broker's own refusal is told by the compressed size that franz-go adds to it.
func refusedByClient(err error) bool {
	return errors.Is(err, kerr.MessageTooLarge) && !strings.Contains(err.Error(), ", compressed_bytes=")
}
