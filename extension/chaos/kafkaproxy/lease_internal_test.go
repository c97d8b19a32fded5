package kafkaproxy

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestARuleThatIsRenewedInTheLastMomentLives(t *testing.T) {
	t.Parallel()
	m, err := Rule{Action: Disconnect}.compile()
	require.NoError(t, err)
	f := newFault(m, 1, func(*Fault) {})
	require.True(t, f.Lease(time.Hour))
	require.True(t, f.Lease(time.Hour))
	f.lapse() // its timer had fired before
	require.True(t, f.Lease(time.Hour))
	f.Stop()
	require.False(t, f.Lease(time.Hour))
}
