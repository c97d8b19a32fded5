package trust

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"k6suite/extension/chaos/platform"
)

// restart kills every broker and starts it with nothing in memory, where the target is stateless and somebody can: what is read
// afterwards came back from where it was durable. It says how many there are.
func (t *Target) restart(ctx context.Context) (brokers int, err error) {
	switch {
	case !t.Profile.Claims.Stateless:
		return 0, nil
	case t.embedded != nil:
		if err := t.embedded.Restart(ctx); err != nil {
			return 0, fmt.Errorf("the brokers did not come back from the bucket: %w", err)
		}
		return len(t.embedded.Nodes()), nil
	case t.platform == nil || !slices.Contains(t.platform.Can(), platform.CanKill) || !slices.Contains(t.platform.Can(), platform.CanStart):
		return 0, nil
	}
	all, err := t.platform.Brokers(ctx)
	if err != nil {
		return 0, err
	}
	for _, b := range all { // all of them are dead before the first is started
		if b.State == platform.Dead {
			continue
		}
		if err := t.platform.Kill(ctx, b.ID); err != nil {
			return 0, fmt.Errorf("killing broker %d before the final reads: %w", b.ID, err)
		}
	}
	starting, ctx := errgroup.WithContext(ctx)
	for _, b := range all {
		starting.Go(func() error {
			if err := t.platform.Start(ctx, b.ID); err != nil {
				return fmt.Errorf("broker %d did not come back: %w", b.ID, err)
			}
			return nil
		})
	}
	return len(all), starting.Wait()
}
