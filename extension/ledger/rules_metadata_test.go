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

func TestMetadataBehindASingleEndpointChanges(t *testing.T) {
	t.Parallel()
	const rule = ledger.Code("METADATA_LIE/changed")
	answer := func(controller int32, leaders ...int32) ledger.Metadata {
		m := metadata(endpoint)
		m.Controller = controller
		for p, leader := range leaders {
			if m.Leaders == nil {
				m.Leaders = map[ledger.TopicPartition]int32{}
			}
			m.Leaders[tp(int32(p))] = leader
		}
		return m
	}
	seen := func(promised string, answers ...ledger.Metadata) func(h *history) {
		return func(h *history) {
			h.options.Endpoint, h.options.Steady = promised, promised != ""
			for _, m := range answers {
				h.l.SawMetadata(m)
			}
			h.finish()
		}
	}
	judgeAll(t, []scenario{
		{name: "the same", run: seen(endpoint, answer(0, 0, 0), answer(0), answer(-1, 0), answer(0, 0, 0))},
		{name: "the controller", codes: fires(rule), total: 1, run: seen(endpoint, answer(0), answer(1))},
		{name: "there and back", codes: fires(rule), total: 2, run: seen(endpoint, answer(0), answer(1), answer(0))},
		{name: "a leader", codes: fires(rule), total: 1, run: seen(endpoint, answer(0, 0, 0), answer(0), answer(0, 0, 1))},
		{name: "a leader is gone", codes: fires(rule), total: 1, run: seen(endpoint, answer(0, 0), answer(0, -1))},
		{name: "a broker at the same address", codes: fires(rule), total: 1, run: seen(endpoint,
			metadata(endpoint), metadata(endpoint, endpoint))},
		{name: "a broker elsewhere", codes: fires("METADATA_LIE/address"), run: seen(endpoint, metadata(endpoint), metadata(endpoint, "a:1"))},
		{name: "an address that a client was sent to", codes: fires("METADATA_LIE/address"), total: 1, run: seen(endpoint,
			answer(0), ledger.Metadata{Brokers: []ledger.MetadataBroker{{ID: -1, Address: "a:1"}}})},
		{name: "nothing is promised", run: seen("", answer(0, 0), answer(1, 1), metadata("a:1", "b:1"))},
	})
	h := newHistory(t)
	seen(endpoint, answer(0, 0), answer(0, 3))(h)
	require.Equal(t, "metadata showed broker 3 as its leader, and before that broker 0", h.l.Judge(h.options).Findings[0].Detail)
	h = newHistory(t)
	seen(endpoint, metadata(endpoint), metadata(endpoint, endpoint))(h)
	require.Equal(t, "metadata showed broker 0 at 127.0.0.1:9092, broker 1 at 127.0.0.1:9092, and before that broker 0 at 127.0.0.1:9092",
		h.l.Judge(h.options).Findings[0].Detail)
}

func TestMetadataShowsADeadBroker(t *testing.T) {
	t.Parallel()
	const (
		rule  = ledger.Code("METADATA_LIE/dead")
		bound = 5 * time.Second
	)
	down := func(look func(h *history)) func(h *history) {
		return func(h *history) {
			h.l.SawMetadata(metadata("a:1", "b:1", "c:1"))
			h.l.BrokerDown(1)
			look(h)
			h.finish()
		}
	}
	all := func(h *history) { h.l.SawMetadata(metadata("a:1", "b:1", "c:1")) }
	judgeAll(t, []scenario{
		{name: "for longer than the bound", codes: fires(rule), total: 1, run: down(func(h *history) {
			all(h)
			h.pass(bound)
			all(h)
			all(h)
		})},
		{name: "twice", codes: fires(rule), total: 2, run: down(func(h *history) {
			h.pass(bound)
			all(h)
			h.l.BrokerUp(1, false)
			all(h)
			h.l.BrokerDown(1)
			h.pass(bound)
			all(h)
		})},
		{name: "within the bound", run: down(all)},
		{name: "asked within the bound", run: down(func(h *history) {
			m := metadata("a:1", "b:1")
			m.Asked = h.now()
			h.pass(bound)
			h.l.SawMetadata(m)
		})},
		{name: "it was started again", run: down(func(h *history) {
			h.pass(bound)
			h.l.BrokerUp(1, false)
			all(h)
		})},
		{name: "others", run: down(func(h *history) {
			h.pass(bound)
			h.l.SawMetadata(metadata("a:1"))
		})},
		{name: "it is being started", run: down(func(h *history) {
			h.l.SawMetadata(metadata("a:1"))
			h.pass(bound)
			all(h)
			h.l.BrokerUp(1, false)
		})},
		{name: "as a leader", codes: fires(rule), total: 1, run: down(func(h *history) {
			h.pass(bound)
			m := metadata("a:1")
			m.Leaders = map[ledger.TopicPartition]int32{tp(0): 1}
			h.l.SawMetadata(m)
		})},
		{name: "another bound", codes: fires(rule), run: down(func(h *history) {
			h.options.RecoveryBound = time.Second
			h.pass(2 * time.Second)
			all(h)
		})},
		{name: "a single endpoint is none", run: func(h *history) {
			h.options.Endpoint = endpoint
			h.l.BrokerDown(0)
			h.pass(bound)
			h.l.SawMetadata(metadata(endpoint))
			h.finish()
		}},
		{name: "beside a single endpoint", codes: fires(rule), total: 1, run: func(h *history) {
			h.options.Endpoint = endpoint
			h.l.BrokerDown(1)
			h.pass(bound)
			h.l.SawMetadata(metadata(endpoint, "b:1"))
			h.finish()
		}},
		{name: "beside a single endpoint, alive and dead", codes: fires(rule, "METADATA_LIE/address"), run: func(h *history) {
			h.options.Endpoint = endpoint
			h.l.SawMetadata(metadata(endpoint, "b:1"))
			h.l.BrokerDown(1)
			h.pass(bound)
			h.l.SawMetadata(metadata(endpoint, "b:1"))
			h.finish()
		}},
	})
}

func TestAnAddedBrokerGetsNoTraffic(t *testing.T) {
	t.Parallel()
	const (
		rule  = ledger.Code("METADATA_LIE/idle")
		bound = 5 * time.Second
	)
	spread := func(h *history, requests ...int64) {
		s := map[int32]ledger.BrokerTraffic{}
		for id, n := range requests {
			s[int32(id)] = ledger.BrokerTraffic{Requests: n}
		}
		h.l.Spread(s)
	}
	added := func(traffic func(h *history)) func(h *history) {
		return func(h *history) {
			spread(h, 100)
			h.l.BrokerUp(1, true)
			traffic(h)
			h.finish()
		}
	}
	judgeAll(t, []scenario{
		{name: "none at all", codes: fires(rule), total: 1, run: added(func(h *history) {
			h.pass(bound)
			spread(h, 200, 0)
			spread(h, 220, 0)
		})},
		{name: "where brokers must share the traffic", codes: fires(rule), total: 1, run: added(func(h *history) {
			h.options.SpreadPromised = true
			h.pass(bound)
			spread(h, 200, 0)
			spread(h, 220, 0)
		})},
		{name: "one request", run: added(func(h *history) {
			h.pass(bound)
			spread(h, 200, 0)
			spread(h, 300, 1)
		})},
		{name: "some at first", run: added(func(h *history) {
			spread(h, 200, 1)
			h.pass(bound)
			spread(h, 200, 1)
			spread(h, 300, 1)
		})},
		{name: "others have little to do", run: added(func(h *history) {
			h.pass(bound)
			spread(h, 200, 0)
			spread(h, 219, 0)
		})},
		{name: "not there for long enough", run: added(func(h *history) {
			spread(h, 200, 0)
			spread(h, 300, 0)
		})},
		{name: "the traffic ended before it could get any", run: added(func(h *history) {
			spread(h, 300, 0)
			h.pass(time.Hour)
			spread(h, 300, 0)
			spread(h, 300, 0)
		})},
		{name: "removed before the others got more", run: added(func(h *history) {
			h.pass(bound)
			spread(h, 200, 0)
			h.l.BrokerDown(1)
			spread(h, 300, 0)
		})},
		{name: "what it got under its id before does not count", codes: fires(rule), run: func(h *history) {
			spread(h, 100, 50)
			h.l.BrokerDown(1)
			h.l.BrokerUp(1, true)
			h.pass(bound)
			spread(h, 200, 50)
			spread(h, 300, 50)
			h.finish()
		}},
		{name: "started again, and not added", run: func(h *history) {
			h.l.BrokerUp(1, false)
			h.pass(bound)
			spread(h, 200, 0)
			spread(h, 300, 0)
			h.finish()
		}},
		{name: "measured very often", codes: fires(rule), run: added(func(h *history) {
			for i := range int64(5000) {
				h.pass(10 * time.Millisecond)
				spread(h, 100+i, 0)
			}
		})},
		{name: "it may take longer", run: added(func(h *history) {
			h.options.IdleAfter = time.Hour
			h.pass(bound)
			spread(h, 200, 0)
			spread(h, 300, 0)
		})},
	})
}
