package chaos

import "k6suite/extension/chaos/s3proxy"

// StorageProxy injects faults on object storage.
type StorageProxy interface {
	Inject(rule s3proxy.Rule) (StorageFault, error)
}

// StorageFault is a fault on object storage at work.
type StorageFault interface {
	fault
	// Objects are keys that it has hit.
	Objects() []string
}

// LocalStorage injects faults by an S3 proxy of this process.
func LocalStorage(p *s3proxy.Proxy) StorageProxy { return by[*s3proxy.Fault]{p} }

// RemoteStorage injects faults by an S3 proxy of another process: they end there, too, if this one dies.
func RemoteStorage(r *s3proxy.Remote) StorageProxy { return by[*s3proxy.RemoteFault]{r} }

// by is a proxy whose faults have a type of their own.
type by[F StorageFault] struct {
	proxy interface {
		Inject(rule s3proxy.Rule) (F, error)
	}
}

// Inject implements StorageProxy.
func (b by[F]) Inject(rule s3proxy.Rule) (StorageFault, error) {
	f, err := b.proxy.Inject(rule)
	if err != nil {
		return nil, err // and no fault, rather than one that is a nil pointer
	}
	return f, nil
}
