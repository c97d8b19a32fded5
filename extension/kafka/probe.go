package kafka

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const probeTimeout = 10 * time.Second

// Info is what a cluster says of itself.
type Info struct {
	Brokers      []Broker // as its metadata lists them, by id
	ControllerID int32    // -1: none
	ClusterID    string
	APIs         map[int16]VersionRange // by API key, as the answering broker offers them
}

// Broker is one broker as the metadata advertises it.
type Broker struct {
	ID   int32
	Host string
	Port int32
	Rack string
}

// VersionRange is the range of versions of one API.
type VersionRange struct{ Min, Max int16 }

// UnreachableError says that no bootstrap address answered, and why, address by address.
type UnreachableError struct {
	Addresses map[string]error
}

// Error names each address with its reason.
func (e *UnreachableError) Error() string {
	parts := make([]string, 0, len(e.Addresses))
	for addr, err := range e.Addresses {
		parts = append(parts, addr+": "+reason(err))
	}
	sort.Strings(parts)
	return "kafka: no broker answers: " + strings.Join(parts, "; ")
}

// Unwrap gives the causes.
func (e *UnreachableError) Unwrap() []error {
	errs := make([]error, 0, len(e.Addresses))
	for _, err := range e.Addresses {
		errs = append(errs, err)
	}
	return errs
}

// Probe asks the bootstrap addresses, all at once and once each, what cluster they belong to. One answer suffices. Without
// any it returns an [*UnreachableError], within 10 seconds or when the context ends.
func Probe(ctx context.Context, c Config) (Info, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	deadline, _ := ctx.Deadline()
	left := time.Until(deadline)
	c.DialTimeout = min(orDefault(c.DialTimeout, defaultDialTimeout), left*3/10) // franz-go may dial twice
	asking, enough := context.WithTimeout(ctx, left*7/10)                        // the rest is for finding out why nothing came of it
	defer enough()
	opts, err := c.Options()
	if err != nil {
		return Info{}, err
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return Info{}, fmt.Errorf("kafka: probe: %w", err)
	}
	defer client.Close()

	var (
		mu     sync.Mutex
		wg     sync.WaitGroup
		failed = &UnreachableError{Addresses: map[string]error{}}
		info   *Info
	)
	for i, seed := range client.SeedBrokers() {
		wg.Go(func() {
			answer, err := ask(asking, seed)
			if err != nil {
				err = c.explain(ctx, c.Brokers[i], err)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed.Addresses[c.Brokers[i]] = err
				return
			}
			if info == nil {
				info = &answer
				cancel() // the others need not answer any more
			}
		})
	}
	wg.Wait()
	if info == nil {
		return Info{}, failed
	}
	return *info, nil
}

func ask(ctx context.Context, seed *kgo.Broker) (Info, error) {
	hello := kmsg.NewPtrApiVersionsRequest()
	hello.ClientSoftwareName, hello.ClientSoftwareVersion = defaultClientID, "1"
	resp, err := seed.Request(ctx, hello)
	if err != nil {
		return Info{}, err
	}
	versions, ok := resp.(*kmsg.ApiVersionsResponse)
	if !ok {
		return Info{}, fmt.Errorf("answered ApiVersions with %T", resp)
	}
	if err := kerr.ErrorForCode(versions.ErrorCode); err != nil {
		return Info{}, err
	}
	info := Info{APIs: make(map[int16]VersionRange, len(versions.ApiKeys))}
	for _, k := range versions.ApiKeys {
		info.APIs[k.ApiKey] = VersionRange{Min: k.MinVersion, Max: k.MaxVersion}
	}
	request := kmsg.NewPtrMetadataRequest()
	request.Topics = []kmsg.MetadataRequestTopic{} // none: the brokers alone
	if resp, err = seed.Request(ctx, request); err != nil {
		return Info{}, fmt.Errorf("%w: %w", errAfterHello, err)
	}
	meta, ok := resp.(*kmsg.MetadataResponse)
	if !ok {
		return Info{}, fmt.Errorf("answered Metadata with %T", resp)
	}
	info.ControllerID = meta.ControllerID
	if meta.ClusterID != nil {
		info.ClusterID = *meta.ClusterID
	}
	info.Brokers = brokersOf(meta)
	return info, nil
}

// reason puts a connection's error into words that say what to look at.
func reason(err error) string {
	if explained, ok := errors.AsType[*troubleError](err); ok {
		return explained.text
	}
	switch ErrorName(err) {
	case "CONNECTION_REFUSED":
		return "connection refused: nothing listens there"
	case "DEADLINE_EXCEEDED", "CONNECTION_TIMEOUT":
		return "timeout: no answer in time"
	case "CANCELED":
		return "the check was canceled"
	case "UNKNOWN_HOST":
		return "the host name does not resolve: " + err.Error()
	}
	return err.Error()
}
