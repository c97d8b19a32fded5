package contract_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
)

func TestTLSIsJudgedByConnectionsThatWereTLS(t *testing.T) {
	t.Parallel()
	v := judge(t, healthy())
	require.Equal(t, []string{"12 connections with TLS 1.3, TLS_AES_128_GCM_SHA256; the broker's certificate is CN=kafka, " +
		"signed by CN=authority, " +
		"valid until 2027-01-02T03:04:05Z; 1,000 records acked over them"}, judgement(t, v, "F1.3").Evidence)

	in := healthy()
	in.Measured.TLS.Client = "CN=alice"
	require.Contains(t, judgement(t, judge(t, in), "F1.3").Evidence[0], "; clients showed the certificate of CN=alice; ")

	for name, change := range map[string]func(*contract.Measured){
		"none was measured": func(m *contract.Measured) { m.TLS = nil },
		"none was made":     func(m *contract.Measured) { m.TLS.Connections = 0 },
		"nobody checked":    func(m *contract.Measured) { m.TLS.Checked = false },
		"nothing was acked": func(m *contract.Measured) { m.Acked = 0 },
		"nothing was read":  func(m *contract.Measured) { m.Read = 0 },
	} {
		in := healthy()
		change(&in.Measured)
		require.Equal(t, contract.Inconclusive, status(t, judge(t, in), "F1.3"), name)
	}
	in = healthy()
	in.Claims["tls"] = false
	require.Equal(t, contract.NotClaimed, status(t, judge(t, in), "F1.3"), "whatever was measured")
}
