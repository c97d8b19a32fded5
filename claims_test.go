package k6suite_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"k6suite/extension/contract"
	"k6suite/extension/profile"
)

// The contract asks for claims by the names that a profile gives them: one that no profile can make would never be judged.
func TestRequirementsAskForClaimsThatAProfileCanMake(t *testing.T) {
	t.Parallel()
	claims := profile.Claims{}.Map()
	claims[contract.ClaimConnections] = false // no claim by its name: limits.connections makes it, or does not
	asked := 0
	for _, r := range contract.Requirements() {
		for _, claim := range r.Claims {
			asked++
			require.Contains(t, claims, claim, r.ID)
		}
	}
	require.Positive(t, asked)
}
