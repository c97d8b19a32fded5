package trust

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"k6suite/extension/chaos/platform/process"
	"k6suite/extension/chaos/s3proxy"
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
	return nil
}
