package kafka

import (
	"context"
	"time"
)

// again asks once more, every so often, while the answer is one that passes, for as long as the bound says.
func again[T any](
	ctx context.Context, every, bound time.Duration, ask func(context.Context) (T, error), passes func(T, error) bool,
) (T, error) {
	for began := time.Now(); ; {
		answer, err := ask(ctx)
		if !passes(answer, err) || time.Since(began) > bound {
			return answer, err
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return answer, err
		}
	}
}
