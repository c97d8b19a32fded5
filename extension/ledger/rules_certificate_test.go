package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/ledger"
)

// shown is an address that showed so many right and wrong certificates.
func shown(taken, refused int64) func(h *history) {
	return func(h *history) {
		h.l.Certificates(ledger.Certificates{Address: "h:1", Taken: taken, Refused: refused, Why: "it expired at noon", At: h.now()})
	}
}

func TestAnAddressProvesWhoItIsToAllOrToNobody(t *testing.T) {
	t.Parallel()
	failed := func(h *history) { h.l.ClientError("reader", "TLS_FAILED", "no handshake") }
	all := func(steps ...func(h *history)) func(h *history) {
		return func(h *history) {
			h.options.PromisesNoErrors = true
			for _, step := range steps {
				step(h)
			}
			h.finish()
		}
	}
	judgeAll(t, []scenario{
		{name: "right ones only", run: all(shown(9, 0))},
		{name: "wrong ones only: the client may trust somebody else", run: all(shown(0, 9))},
		{name: "both", codes: fires(ledger.BadCertificate), total: 3, run: all(shown(9, 3))},
		{name: "errors that come of it are told with it", codes: fires(ledger.BadCertificate), total: 1, run: all(shown(9, 1), failed)},
		{name: "errors of handshakes without it", codes: fires(ledger.ErrorsSeen), total: 1, run: all(shown(9, 0), failed)},
		{name: "one address of two", codes: fires(ledger.BadCertificate), total: 1, run: all(shown(9, 1), shown(9, 0))},
	})
	h := newHistory(t)
	all(shown(9, 3))(h)
	f := h.l.Judge(h.options).Findings[0]
	require.Equal(t, "h:1 showed a right certificate on 9 connections, and a wrong one on 3; the first: it expired at noon", f.Detail)
}
