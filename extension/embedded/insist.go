package embedded

import (
	"context"
	"errors"

	"k6suite/extension/objectstore"
)

// insist reads from the bucket, again and again as long as that fails and the context lives: a restart must come through while object
// storage is out of order. What cannot get better by waiting is an error at once.
func (l *life) insist(ctx context.Context, what string, read func() error) error {
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		err := read()
		if err == nil || errors.Is(err, objectstore.ErrNotFound) || errors.Is(err, objectstore.ErrNoBucket) {
			return err
		}
		l.logger.Warn("object storage: reading again", "what", what, "pause", pause, "error", err)
		if !sleep(ctx, pause) {
			return err
		}
	}
}

// read returns an object, however often it takes.
func (l *life) read(ctx context.Context, key string) (body []byte, err error) {
	err = l.insist(ctx, key, func() error {
		body, err = l.bucket.Get(ctx, key)
		if err != nil && ctx.Err() == nil {
			l.mischief.torn(key)
		}
		return err
	})
	return body, err
}
