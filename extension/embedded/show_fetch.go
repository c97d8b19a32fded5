package embedded

import (
	"bytes"
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// nobody is the host of kfake's nodes. It tells where kfake speaks of brokers in a response that is not decoded otherwise.
const nobody = "nobody.k6suite-embedded.invalid"

// serveFetch holds a response back while it may show markers that are not durable.
func (l *life) serveFetch(ctx context.Context, x *exchange) error {
	if err := x.forward(ctx); err != nil {
		return err
	}
	l.visible.RLock()
	l.visible.RUnlock() //nolint:staticcheck // an empty critical section is how to wait
	if !bytes.Contains(x.response[max(0, len(x.response)-hintBytes):], []byte(nobody)) {
		return nil
	}
	if x.Key == kmsg.ShareFetch {
		return l.showShareEndpoints(x)
	}
	response := kmsg.NewPtrFetchResponse()
	if err := x.decodeResponse(response); err != nil {
		return err
	}
	response.Brokers = nil
	for _, b := range l.members.all() {
		shown := kmsg.NewFetchResponseBroker()
		shown.NodeID, shown.Host, shown.Port = b.node, loopback, int32(b.number())
		response.Brokers = append(response.Brokers, shown)
	}
	x.respond(response)
	return nil
}

// hintBytes is more than kfake's list of all its nodes takes at the end of a response.
const hintBytes = (maxBrokers + 1) * 64

func (l *life) showShareEndpoints(x *exchange) error {
	response := kmsg.NewPtrShareFetchResponse()
	if err := x.decodeResponse(response); err != nil {
		return err
	}
	response.NodeEndpoints = nil
	for _, b := range l.members.all() {
		shown := kmsg.NewShareFetchResponseNodeEndpoint()
		shown.NodeID, shown.Host, shown.Port = b.node, loopback, int32(b.number())
		response.NodeEndpoints = append(response.NodeEndpoints, shown)
	}
	x.respond(response)
	return nil
}
