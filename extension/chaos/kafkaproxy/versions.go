package kafkaproxy

import (
	"encoding/binary"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/internal/wire"
)

// unknownVersion answers an ApiVersions request of a version that is not known, as every broker has to (KIP-511): in version 0,
// with an error and the versions that are. Other requests get nil.
func unknownVersion(c *call) []byte {
	if c.Key != kmsg.ApiVersions || c.Version <= kmsg.NewPtrApiVersionsRequest().MaxVersion() {
		return nil
	}
	response := kmsg.NewPtrApiVersionsResponse()
	response.ErrorCode = kerr.UnsupportedVersion.Code
	known := kmsg.NewApiVersionsResponseApiKey()
	known.ApiKey, known.MaxVersion = int16(kmsg.ApiVersions), kmsg.NewPtrApiVersionsRequest().MaxVersion()
	response.ApiKeys = []kmsg.ApiVersionsResponseApiKey{known}
	return wire.EncodeResponse(response, c.Correlation)
}

// refusedVersion reports whether a broker has answered an ApiVersions request that its version is not supported. Such an answer
// has version 0 whatever the request had.
func refusedVersion(c *call) bool {
	const at = 8 // behind size and correlation id
	return c.Key == kmsg.ApiVersions && len(c.response) >= at+2 &&
		int16(binary.BigEndian.Uint16(c.response[at:])) == kerr.UnsupportedVersion.Code
}

// decodable limits what a broker offers to the APIs and versions that the proxy can decode. It reports whether it changed anything.
func decodable(offer *kmsg.ApiVersionsResponse) bool {
	changed := false
	offer.ApiKeys = slices.DeleteFunc(offer.ApiKeys, func(k kmsg.ApiVersionsResponseApiKey) bool {
		unknown := kmsg.RequestForKey(k.ApiKey) == nil
		changed = changed || unknown
		return unknown
	})
	for i := range offer.ApiKeys {
		k := &offer.ApiKeys[i]
		if most := min(k.MaxVersion, kmsg.RequestForKey(k.ApiKey).MaxVersion()); most != k.MaxVersion {
			k.MaxVersion, changed = most, true
		}
		// The tokens that follow version 0 have no Kafka header, so nobody could tell them from requests.
		if kmsg.Key(k.ApiKey) == kmsg.SASLHandshake && k.MinVersion == 0 {
			k.MinVersion, changed = 1, true
		}
	}
	return changed
}
