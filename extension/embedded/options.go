package embedded

import (
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"time"

	"k6suite/extension/internal/recordbatch"
	"k6suite/extension/objectstore"
)

// Options describes an embedded cluster. The zero value is a healthy one of three brokers on an S3 server in memory.
type Options struct {
	// Brokers is how many brokers there are. Default: 3, or as many as there are Ports.
	Brokers int
	// Ports are the ports of the brokers on 127.0.0.1; 0 takes a free one. Default: all free.
	Ports []int
	// SingleEndpoint puts the brokers behind one address, which is then the only one that clients see. Default: false.
	SingleEndpoint bool
	// EndpointPort is the port of that address on 127.0.0.1. Default: a free one.
	EndpointPort int
	// DefaultPartitions is how many partitions a topic gets whose creator does not say (num.partitions). Default: 10.
	DefaultPartitions int
	// AutoCreate lets a Metadata request create the topics that it names (auto.create.topics.enable). Default: false.
	AutoCreate bool
	// MaxMessageBytes is the greatest record batch (message.max.bytes). Default: 1048588.
	MaxMessageBytes int
	// Patience is how long a producer waits at most for object storage before it is told REQUEST_TIMED_OUT; a shorter timeout
	// of its request counts. Default: 30 s.
	Patience time.Duration
	// Lease is how long a broker may be dead or paused before the others take over what it leads and coordinates. Default: 500 ms.
	Lease time.Duration
	// Uploads is how many PUTs a broker has under way at once, at most: so slow storage is a matter of how many brokers there
	// are. Default: 4.
	Uploads int
	// Store is where the log lies. Default: an S3 server in memory, gone with the cluster.
	Store StoreOptions
	// Namespace is the prefix of all keys of the cluster. Default: "default".
	Namespace string
	// Access says who may use the cluster, and who may do what. Default: nobody authenticates, and everybody may do everything.
	Access *Access
	// TLS has clients speak TLS. Default: they speak plain text.
	TLS *TLS
	// Lies are the names of deliberate defects, see [Lies]. Default: none.
	Lies []string
	// Seed decides where the lies strike. The same seed on the same traffic gives the same lies.
	Seed int64
	// Logger gets what goes wrong. Default: nothing is logged.
	Logger *slog.Logger
}

// StoreOptions names the object storage. The zero value is an S3 server in memory.
type StoreOptions struct {
	// Dir is the folder of an embedded S3 server, whose objects survive the process.
	Dir string
	// S3 is the bucket of any S3 endpoint. Dir must be empty; Prefix is Options.Namespace's business.
	S3 objectstore.Config
}

const (
	defaultBrokers         = 3
	defaultPartitions      = 10
	defaultMaxMessageBytes = 1048588 // Apache Kafka's
	defaultPatience        = 30 * time.Second
	defaultNamespace       = "default"
	defaultLease           = 500 * time.Millisecond
	defaultUploads         = 4
)

func (o Options) withDefaults() (Options, error) {
	if o.Brokers == 0 {
		o.Brokers = defaultBrokers
		if len(o.Ports) > 0 {
			o.Brokers = len(o.Ports)
		}
	}
	if o.DefaultPartitions == 0 {
		o.DefaultPartitions = defaultPartitions
	}
	if o.MaxMessageBytes == 0 {
		o.MaxMessageBytes = defaultMaxMessageBytes
	}
	if o.Patience == 0 {
		o.Patience = defaultPatience
	}
	if o.Lease == 0 {
		o.Lease = defaultLease
	}
	if o.Uploads == 0 {
		o.Uploads = defaultUploads
	}
	if o.Namespace == "" {
		o.Namespace = defaultNamespace
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Ports == nil {
		o.Ports = make([]int, max(o.Brokers, 0))
	}
	return o, o.check()
}

// legalNamespace is one or more names, none of which is a way out of its folder.
var legalNamespace = regexp.MustCompile(`^[a-zA-Z0-9_-][a-zA-Z0-9._-]*(/[a-zA-Z0-9_-][a-zA-Z0-9._-]*)*$`)

func (o Options) check() error {
	switch {
	case o.Brokers < 1:
		return fmt.Errorf("embedded cluster: %d brokers: at least 1 is needed", o.Brokers)
	case o.Brokers > maxBrokers:
		return fmt.Errorf("embedded cluster: %d brokers: at most %d are possible", o.Brokers, maxBrokers)
	case len(o.Ports) != o.Brokers:
		return fmt.Errorf("embedded cluster: %d ports for %d brokers: give one for each, or none", len(o.Ports), o.Brokers)
	case o.DefaultPartitions < 1:
		return fmt.Errorf("embedded cluster: %d partitions by default: at least 1 is needed", o.DefaultPartitions)
	case o.MaxMessageBytes < recordbatch.HeaderBytes:
		return fmt.Errorf("embedded cluster: batches of at most %d bytes: a header alone has %d", o.MaxMessageBytes, recordbatch.HeaderBytes)
	case o.Patience < 0:
		return fmt.Errorf("embedded cluster: patience of %s: must not be negative", o.Patience)
	case o.Lease < 0:
		return fmt.Errorf("embedded cluster: lease of %s: must not be negative", o.Lease)
	case o.Uploads < 0:
		return fmt.Errorf("embedded cluster: %d uploads at once: at least 1 is needed", o.Uploads)
	case o.Store.Dir != "" && o.Store.S3.Endpoint != "":
		return errors.New("embedded cluster: store: a folder and an endpoint are given: only one of them can be the store")
	case !legalNamespace.MatchString(o.Namespace):
		return fmt.Errorf("embedded cluster: namespace %q: letters, digits, '.', '_', '-', and '/' between names are allowed", o.Namespace)
	}
	for _, port := range append(slices.Clone(o.Ports), o.EndpointPort) {
		if port < 0 || port > 65535 {
			return fmt.Errorf("embedded cluster: port %d: must be between 0 and 65535", port)
		}
	}
	return o.Access.check()
}
