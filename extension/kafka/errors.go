package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// ErrNoTopic says that a record names no topic and the producer has none either.
var ErrNoTopic = errors.New("no topic: name one in the record or in the producer")

// clientErrors are the client's own errors in the order in which they are looked for, each with its stable name.
var clientErrors = []struct {
	err  error
	name string
}{
	{kgo.ErrRecordTimeout, "RECORD_TIMEOUT"},
	{kgo.ErrRecordRetries, "RECORD_RETRIES"},
	{kgo.ErrMaxBuffered, "BUFFER_FULL"},
	{kgo.ErrAborting, "ABORTED"},
	{kgo.ErrClientClosed, "CLIENT_CLOSED"},
	{kgo.ErrMaxDecompress, "DECOMPRESS_TOO_LARGE"},
	{ErrNoTopic, "NO_TOPIC"},
	{ErrNotTransactional, "NOT_TRANSACTIONAL"},
	{ErrServerSideGroups, unsupportedVersion},
	{ErrNothingCommitted, "TRANSACTION_ABORTED"},
	{ErrNotCommitted, "NOT_COMMITTED"},
	{context.DeadlineExceeded, "DEADLINE_EXCEEDED"},
	{context.Canceled, "CANCELED"},
	{os.ErrDeadlineExceeded, "CONNECTION_TIMEOUT"},
	{syscall.ECONNREFUSED, "CONNECTION_REFUSED"},
	{io.EOF, "CONNECTION_LOST"},
	{io.ErrUnexpectedEOF, "CONNECTION_LOST"},
	{net.ErrClosed, "CONNECTION_LOST"},
	{syscall.ECONNRESET, "CONNECTION_LOST"},
	{syscall.EPIPE, "CONNECTION_LOST"},
}

// unsupportedVersion is what a broker says of a request that it does not know.
const unsupportedVersion = "UNSUPPORTED_VERSION"

// unexported are errors that franz-go v1.22.2 does not export, told by their text. Those that a test can bring about have one.
var unexported = []struct{ text, name string }{
	{"no topic and no default topic", "NO_TOPIC"},
	{"invalid record partitioning choice", "INVALID_PARTITION"},
	{"no usable partitions", "NO_USABLE_PARTITION"},
	{"no partitions available after attempting", "NO_USABLE_PARTITION"},
	{"topic purged while buffered", "TOPIC_PURGED"},
	{"broker connection has died", "CONNECTION_LOST"},
	{"correlation ID mismatch", "CORRELATION_ID_MISMATCH"},
	{"broker is too old", unsupportedVersion},
	{"request key is unknown", unsupportedVersion},
	{"unknown broker", "UNKNOWN_BROKER"},
	{"response exceeds BrokerMaxReadBytes", "RESPONSE_TOO_LARGE"},
	{"unable to decompress batch", "DECOMPRESS_FAILED"},
	{"no prior committed offset", "NO_OFFSET"},
	{"unable to initialize a producer ID", "PRODUCER_ID_FAILED"},
	{"fetch response contained record batches but none", "FETCH_NO_PROGRESS"},
	{"invalid negative offset", "NEGATIVE_OFFSET"},
	{"does not match calculated crc", "CORRUPT_MESSAGE"},
}

// ErrorName gives the name by which an error is counted and reported: Kafka's own, such as MESSAGE_TOO_LARGE, where the
// broker said it; else a stable name for what happened in the client or on the way, such as RECORD_TIMEOUT or
// CONNECTION_LOST; CLIENT_ERROR for what has no name; "" for nil.
func ErrorName(err error) string {
	if err == nil {
		return ""
	}
	// A client's error that wraps a broker's ("timed out, last err: …") is what the caller met, so it goes first.
	if exhausted(err) {
		return clientName(err)
	}
	if fromBroker, ok := errors.AsType[*kerr.Error](err); ok {
		return fromBroker.Message
	}
	if _, ok := errors.AsType[*kgo.ErrDataLoss](err); ok {
		return "DATA_LOSS"
	}
	if errors.Is(err, errHandshake) {
		return "TLS_FAILED"
	}
	if name := clientName(err); name != "" {
		return name
	}
	return networkName(err)
}

func clientName(err error) string {
	for _, known := range clientErrors {
		if errors.Is(err, known.err) {
			return known.name
		}
	}
	text := err.Error()
	for _, known := range unexported {
		if strings.Contains(text, known.text) {
			return known.name
		}
	}
	return ""
}

func networkName(err error) string {
	var (
		dns       *net.DNSError
		record    tls.RecordHeaderError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		verify    *tls.CertificateVerificationError
		netErr    net.Error
	)
	switch {
	case errors.As(err, &dns):
		return "UNKNOWN_HOST"
	case errors.As(err, &record), errors.As(err, &authority), errors.As(err, &host), errors.As(err, &verify):
		return "TLS_FAILED"
	case errors.As(err, &netErr) && netErr.Timeout():
		return "CONNECTION_TIMEOUT"
	case errors.As(err, new(*net.OpError)), errors.As(err, new(*os.SyscallError)):
		return "CONNECTION_LOST"
	default:
		return "CLIENT_ERROR"
	}
}

// SendError says which records of a Send were not acknowledged, and why. Records that it does not name were.
type SendError struct {
	Name    string // the Kafka error name of the first of them, such as MESSAGE_TOO_LARGE
	Indexes []int  // positions in the records handed to Send, ascending
	Of      int    // how many records the Send had
	Err     error  // the first error
}

// Error says how many failed, of how many, which one first, and why.
func (e *SendError) Error() string {
	what := fmt.Sprintf("record %d", e.Indexes[0])
	if len(e.Indexes) > 1 {
		what = fmt.Sprintf("%d of %d records, the first at index %d", len(e.Indexes), e.Of, e.Indexes[0])
	}
	return fmt.Sprintf("kafka: send: %s: %s: %v", what, e.Name, e.Err)
}

// Unwrap gives the first error.
func (e *SendError) Unwrap() error { return e.Err }

func newSendError(results []Result) error {
	e := &SendError{Of: len(results)}
	for i := range results {
		if results[i].Err == nil {
			continue
		}
		if e.Err == nil {
			e.Err, e.Name = results[i].Err, ErrorName(results[i].Err)
		}
		e.Indexes = append(e.Indexes, i)
	}
	if e.Err == nil {
		return nil
	}
	return e
}

// FetchError is what went wrong while reading, by partition. Partition is -1 where the error concerns the whole client.
type FetchError struct {
	Topic     string
	Partition int32
	Name      string // Kafka error name
	Err       error
}

// Error names the partition, the Kafka error and the cause.
func (e *FetchError) Error() string {
	if e.Partition < 0 {
		return fmt.Sprintf("kafka: poll: %s: %v", e.Name, e.Err)
	}
	return fmt.Sprintf("kafka: poll: %s partition %d: %s: %v", e.Topic, e.Partition, e.Name, e.Err)
}

// Unwrap gives the cause.
func (e *FetchError) Unwrap() error { return e.Err }

// PartitionErrors collects what failed per topic and partition in a request that answers for many.
type PartitionErrors []FetchError

func (e *PartitionErrors) add(topic string, partition int32, err error) {
	if err != nil {
		*e = append(*e, FetchError{Topic: topic, Partition: partition, Name: ErrorName(err), Err: err})
	}
}

func (e *PartitionErrors) join(what string) error {
	if len(*e) == 0 {
		return nil
	}
	slices.SortFunc(*e, func(a, b FetchError) int {
		if a.Topic != b.Topic {
			return strings.Compare(a.Topic, b.Topic)
		}
		return int(a.Partition - b.Partition)
	})
	first := (*e)[0]
	more := ""
	if len(*e) > 1 {
		more = fmt.Sprintf(" (and %d more)", len(*e)-1)
	}
	return fmt.Errorf("kafka: %s: %s partition %d: %w%s", what, first.Topic, first.Partition, first.Err, more)
}
