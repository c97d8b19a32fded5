package trust

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"

	"k6suite/extension/chaos/platform/process"
	"k6suite/extension/chaos/s3proxy"
	"k6suite/extension/kafka"
	"k6suite/extension/profile"
)

// openStorageProxy has a proxy before the object store, where the profile asks for one. Its brokers have it for their endpoint.
func (t *Target) openStorageProxy(ctx context.Context) (err error) {
	store := t.Profile.ObjectStore
	switch {
	case store == nil:
	case store.Proxy != nil:
		t.storage, err = s3proxy.Start(s3proxy.Options{Upstream: store.Endpoint, Listen: store.Proxy.Listen})
		if errors.Is(err, syscall.EADDRINUSE) {
			err = fmt.Errorf("%w: another process has taken it: end that one, or choose another port", err)
		}
		if err != nil {
			return fmt.Errorf("profile %s: objectStore.proxy: %w", t.Profile.Name, err)
		}
	case store.Control != "":
		if t.remote, err = s3proxy.Connect(ctx, store.Control); err != nil {
			return fmt.Errorf("profile %s: objectStore.control: %w", t.Profile.Name, err)
		}
	}
	return nil
}

// startProcesses starts the brokers, where the profile says how.
func (t *Target) startProcesses(ctx context.Context, o TargetOptions) error {
	if t.Profile.Chaos == nil || t.Profile.Chaos.Platform != profile.ProcessPlatform {
		return nil
	}
	if o.Dir == "" {
		return fmt.Errorf("profile %s: its processes need a folder for their logs and data", t.Profile.Name)
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return fmt.Errorf("profile %s: a folder for its processes: %w: %s", t.Profile.Name, err, resultsAdvice)
	}
	started, err := process.Open(ctx, process.Options{Chaos: t.Profile.Chaos, Dir: o.Dir, Program: o.Program, Env: o.Env})
	if err != nil {
		return fmt.Errorf("profile %s: %w", t.Profile.Name, err)
	}
	t.platform = started
	if err := t.awaitMembers(ctx, t.Profile.Chaos.Brokers); err != nil {
		return fmt.Errorf("profile %s: %w", t.Profile.Name, err)
	}
	return nil
}

const (
	joinTime = 30 * time.Second
	joinLook = 100 * time.Millisecond
)

// awaitMembers waits until all brokers that were started show all of them: who accepts connections may not have joined the others yet,
// so that there would be too few for a topic. Where one address is promised nobody is shown.
func (t *Target) awaitMembers(ctx context.Context, brokers []profile.Broker) error {
	if len(brokers) < 2 || t.Profile.Claims.SingleEndpoint {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, joinTime)
	defer cancel()
	for _, b := range brokers {
		cfg := t.Kafka
		cfg.Brokers = []string{b.Address}
		var shown error // by its last answer: what a look that is cut short says of it tells less
		for {
			why := missing(ctx, cfg, brokers)
			if why == nil {
				break
			}
			if absent := new(absentError); errors.As(why, absent) {
				shown = why
			}
			select {
			case <-time.After(joinLook):
			case <-ctx.Done():
				return fmt.Errorf("broker %d did not find the others within %s: %w", b.ID, joinTime, cmp.Or(shown, why))
			}
		}
	}
	return nil
}

// absentError is the broker that another one does not show.
type absentError int32

func (e absentError) Error() string {
	return fmt.Sprintf("its metadata does not show broker %d", int32(e))
}

// missing says which broker of the profile a broker does not show.
func missing(ctx context.Context, cfg kafka.Config, brokers []profile.Broker) error {
	seen, err := kafka.Probe(ctx, cfg)
	if err != nil {
		return err
	}
	for _, want := range brokers {
		if !slices.ContainsFunc(seen.Brokers, func(b kafka.Broker) bool { return b.ID == want.ID }) {
			return absentError(want.ID)
		}
	}
	return nil
}
