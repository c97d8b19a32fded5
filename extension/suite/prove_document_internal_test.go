package suite

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/embedded"
	"k6suite/extension/ledger"
)

func TestTheProofAsADocument(t *testing.T) {
	t.Parallel()
	judged := contract.Subject{Suite: "abc", At: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}
	lose := embedded.Lie{Name: "lose-record", Rule: "LOST_ACKED", Breaks: "a record is lost"}
	flip := embedded.Lie{Name: "flip-byte", Rule: "CORRUPT", Breaks: "a byte flips"}
	trials := []*trial{
		{script: "a", lie: lose, found: []ledger.Code{"LOST_ACKED"}, subject: judged},
		{script: "b", lie: lose, found: []ledger.Code{"DUPLICATE", "LOST_ACKED"}, wrong: "found both", subject: judged},
		{script: "b", lie: flip, found: []ledger.Code{"CORRUPT"}, subject: judged},
		{script: "a", subject: judged},
		{script: "b", subject: judged},
	}
	text, matrix, _ := strings.Cut(proofText(trials), "\nIn how many")
	require.Equal(t, `4 of 5 runs came out as they must; suite abc, 2026-01-02.

| Rule | Lie | What it does | Runs | Its rule | Any other rule | Scripts |
|---|---|---|---|---|---|---|
| CORRUPT | `+"`flip-byte`"+` | a byte flips | 1 | 1 | – | b |
| LOST_ACKED | `+"`lose-record`"+` | a record is lost | 2 | 2 | DUPLICATE×1 | a, b |
| none | none | a healthy target | 2 | – | – | a, b |
`, text)
	rules := ledger.Rules()
	cells := func(lie string) (found map[ledger.Code]string) {
		_, line, ok := strings.Cut(matrix, "\n"+lie+" ")
		require.True(t, ok, matrix)
		line, _, _ = strings.Cut(line, "\n")
		found = map[ledger.Code]string{}
		for i, cell := range strings.Fields(line) {
			if cell != "." {
				found[rules[i].Name()] = cell
			}
		}
		return found
	}
	require.Equal(t, map[ledger.Code]string{ledger.LostAcked: "2", ledger.Duplicate: "1"}, cells("lose-record"))
	require.Equal(t, map[ledger.Code]string{ledger.CorruptRecord: "1"}, cells("flip-byte"))
	require.Empty(t, cells("(healthy)"))
}
