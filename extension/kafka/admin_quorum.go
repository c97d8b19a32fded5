package kafka

import (
	"context"
	"fmt"

	"k6suite/extension/internal/quorum"
)

// ActiveController asks who leads the controllers. Where brokers are no controllers, their metadata names any of them as the
// controller, which forwards what is for it: this asks the controllers' own log. It is an error where the target does not offer that.
func (a *Admin) ActiveController(ctx context.Context) (int32, error) {
	answer, err := quorum.Question().RequestWith(ctx, a.client)
	if err != nil {
		return -1, fmt.Errorf("kafka: describe quorum: %w", err)
	}
	leader, err := quorum.Leader(answer)
	if err != nil {
		return -1, fmt.Errorf("kafka: describe quorum: %w", err)
	}
	return leader, nil
}
