package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

const endpoint = "127.0.0.1:9092"

func metadata(addresses ...string) ledger.Metadata {
	m := ledger.Metadata{Who: "client 1"}
	for id, address := range addresses {
		m.Brokers = append(m.Brokers, ledger.MetadataBroker{ID: int32(id), Address: address})
	}
	return m
}

func TestMetadataShowsAnotherAddress(t *testing.T) {
	t.Parallel()
	const rule = ledger.Code("METADATA_LIE/address")
	seen := func(promised string, answers ...ledger.Metadata) func(h *history) {
		return func(h *history) {
			h.options.Endpoint = promised
			for _, m := range answers {
				h.l.SawMetadata(m)
			}
			h.sends(h.producer(), 0, 3)
			h.finish()
		}
	}
	judgeAll(t, []scenario{
		{name: "the endpoint only", run: seen(endpoint, metadata(endpoint), metadata(endpoint))},
		{name: "no broker at all", run: seen(endpoint, metadata())},
		{name: "another port", codes: fires(rule), total: 1, run: seen(endpoint, metadata("127.0.0.1:9093"))},
		{name: "one beside it", codes: fires(rule), total: 1, run: seen(endpoint, metadata(endpoint), metadata(endpoint, "10.0.0.7:9092"))},
		{name: "one of two, often", codes: fires(rule), total: 4, run: seen(endpoint,
			metadata("a:1", "b:1"), metadata("a:1"), metadata("a:1"), metadata(endpoint))},
		{name: "none is promised", run: seen("", metadata("a:1", "b:1", "c:1"))},
	})
}

func TestMetadataIsKeptInBoundedMemory(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	h.options.Endpoint = endpoint
	for i := range 1000 {
		h.l.SawMetadata(metadata(fmt.Sprintf("broker-%d:9092", i), endpoint))
	}
	j := h.l.Judge(h.options)
	require.Len(t, j.Findings, 10)
	require.Equal(t, int64(1000), total(j.Findings, "METADATA_LIE/address"))
	require.Equal(t, int64(1000), j.Evidence.MetadataSeen)
	h.options.Endpoint = ""
	require.Zero(t, h.l.Judge(h.options).Evidence.MetadataSeen, "nothing was compared")
}

func TestAMetadataFindingNamesItsEvidence(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	h.options.Endpoint = endpoint
	h.l.SawMetadata(metadata(endpoint, "10.0.0.7:9092"))
	h.l.Unreachable(ledger.Unreachable{
		Who: "preflight", Topic: topic, Partition: 2, Broker: 3, Address: "10.0.0.8:9092", Waited: 5 * time.Second, Why: "connection refused",
	})
	h.l.Unreachable(ledger.Unreachable{
		Who: "preflight", Partition: -1, Broker: 4, Address: "10.0.0.9:9092", Waited: 5 * time.Second, Why: "timed out",
	})
	j := h.l.Judge(h.options)
	require.Equal(t, []ledger.Finding{
		{
			Code: ledger.MetadataLie, Aspect: "unreachable", Topic: topic, Partition: 2, Offset: -1, Sequence: -1, Reader: "preflight",
			Time:   "2027-01-15T08:00:00.002000Z",
			Detail: "metadata names broker 3 at 10.0.0.8:9092 as its leader, and it could not be reached for 5s: connection refused",
		},
		{
			Code: ledger.MetadataLie, Aspect: "unreachable", Partition: -1, Offset: -1, Sequence: -1, Reader: "preflight",
			Time:   "2027-01-15T08:00:00.003000Z",
			Detail: "metadata names broker 4 at 10.0.0.9:9092, which could not be reached for 5s: timed out",
		},
		{
			Code: ledger.MetadataLie, Aspect: "address", Partition: -1, Offset: -1, Sequence: -1, Reader: "client 1",
			Time:   "2027-01-15T08:00:00.001000Z",
			Detail: "metadata showed broker 1 at 10.0.0.7:9092 instead of the single endpoint 127.0.0.1:9092",
		},
	}, j.Findings)
	require.Equal(t, "METADATA_LIE/address", j.Findings[2].Rule())
	require.Equal(t, "LOST_ACKED", ledger.Finding{Code: ledger.LostAcked}.Rule())
}

func TestRecordTrafficOnOneBroker(t *testing.T) {
	t.Parallel()
	const rule = ledger.Code("METADATA_LIE/unspread")
	spread := func(promised bool, requests ...int64) func(h *history) {
		return func(h *history) {
			h.options.SpreadPromised = promised
			s := map[int32]ledger.BrokerTraffic{}
			for id, n := range requests {
				s[int32(id)] = ledger.BrokerTraffic{Connections: 4, Requests: n}
			}
			h.l.Spread(s)
			h.finish()
		}
	}
	judgeAll(t, []scenario{
		{name: "all on one of three", codes: fires(rule), total: 1, run: spread(true, 0, 312, 0)},
		{name: "all on one of two", codes: fires(rule), total: 1, run: spread(true, 20, 0)},
		{name: "too few to say", run: spread(true, 19, 0)},
		{name: "two of three", run: spread(true, 312, 1, 0)},
		{name: "one broker", run: spread(true, 312)},
		{name: "no traffic", run: spread(true, 0, 0, 0)},
		{name: "not promised", run: spread(false, 0, 312, 0)},
		{name: "not measured", run: func(h *history) {
			h.options.SpreadPromised = true
			h.finish()
		}},
	})
	h := newHistory(t)
	spread(true, 0, 312, 0)(h)
	require.Equal(t, "broker 1 got all 312 requests for records, on 4 connections, and brokers 0, 2 got none",
		h.l.Judge(h.options).Findings[0].Detail)
}
