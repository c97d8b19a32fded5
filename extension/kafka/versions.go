package kafka

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// BrokerVersions is what one broker offers.
type BrokerVersions struct {
	ID      int32  `json:"id"`
	Address string `json:"address"`
	Guess   string `json:"guess,omitempty"` // the release of Apache Kafka that offers the same; "": none
	APIs    []API  `json:"apis"`            // by key
	Err     string `json:"err,omitempty"`   // why it did not say
}

// API is one API, and the versions of it that are offered.
type API struct {
	Key  int16  `json:"key"`
	Name string `json:"name"`
	Min  int16  `json:"min"`
	Max  int16  `json:"max"`
}

func (a API) String() string {
	if a.Min == a.Max {
		return fmt.Sprintf("%s %d", a.Name, a.Max)
	}
	return fmt.Sprintf("%s %d–%d", a.Name, a.Min, a.Max)
}

// String has all APIs in one line.
func (b BrokerVersions) String() string {
	if b.Err != "" {
		return b.Err
	}
	names := make([]string, len(b.APIs))
	for i, a := range b.APIs {
		names[i] = a.String()
	}
	return strings.Join(names, ", ")
}

// Versions asks each broker that metadata shows which versions of which APIs it offers. An error means that no broker was found; what
// is wrong with one of them stands in its Err.
func Versions(ctx context.Context, c Config) ([]BrokerVersions, error) {
	info, err := Probe(ctx, c)
	if err != nil {
		return nil, err
	}
	opts, err := c.Options()
	if err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("kafka: versions: %w", err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if err := client.Ping(ctx); err != nil { // so that it knows the brokers by their ids
		return nil, fmt.Errorf("kafka: versions: %w", err)
	}
	var out []BrokerVersions
	for _, b := range info.Brokers {
		one := BrokerVersions{ID: b.ID, Address: net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port))), APIs: []API{}}
		if response, err := apiVersions(ctx, client.Broker(int(b.ID))); err != nil {
			one.Err = reason(err)
		} else {
			one.APIs, one.Guess = apisOf(response), guessOf(response)
		}
		out = append(out, one)
	}
	return out, nil
}

func apiVersions(ctx context.Context, broker *kgo.Broker) (*kmsg.ApiVersionsResponse, error) {
	hello := kmsg.NewPtrApiVersionsRequest()
	hello.ClientSoftwareName, hello.ClientSoftwareVersion = defaultClientID, "1"
	response, err := hello.RequestWith(ctx, broker)
	if err != nil {
		return nil, err
	}
	return response, kerr.ErrorForCode(response.ErrorCode)
}

func apisOf(response *kmsg.ApiVersionsResponse) []API {
	apis := make([]API, 0, len(response.ApiKeys))
	for _, k := range response.ApiKeys {
		name := kmsg.NameForKey(k.ApiKey)
		if name == "Unknown" {
			name = fmt.Sprintf("API %d", k.ApiKey)
		}
		apis = append(apis, API{Key: k.ApiKey, Name: name, Min: k.MinVersion, Max: k.MaxVersion})
	}
	slices.SortFunc(apis, func(x, y API) int { return int(x.Key) - int(y.Key) })
	return apis
}

// guessOf names the release of Apache Kafka that offers the same. Others offer what no release did, and a guess between two says nothing.
func guessOf(response *kmsg.ApiVersionsResponse) string {
	guess := kversion.FromApiVersionsResponse(response).VersionGuess()
	if !strings.HasPrefix(guess, "v") {
		return ""
	}
	return strings.TrimPrefix(guess, "v")
}
