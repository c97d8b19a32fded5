package trust

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/sasl"

	"k6suite/extension/chaos"
	"k6suite/extension/chaos/kafkaproxy"
	"k6suite/extension/chaos/platform"
	"k6suite/extension/chaos/s3proxy"
	"k6suite/extension/embedded"
	"k6suite/extension/kafka"
	"k6suite/extension/objectstore"
	"k6suite/extension/profile"
)

// TargetOptions say which target a run judges.
type TargetOptions struct {
	Profile *profile.Profile
	Lies    []string       // names of deliberate defects, embedded target only
	Seed    int64          // of the lies; default 1
	Env     profile.Lookup // where the secrets are that the profile names; default os.LookupEnv
	Dir     string         // where processes that are started keep their logs and data; needed for those only
	Program string         // k6, for processes that are started; default: this one
	Logger  *slog.Logger
	Storm   Stormer // who opens the connections of storms; default: this process
}

// Target is the system under test, opened: where its brokers are, and what else can be seen of it. Several runs and
// clients of one process share it.
type Target struct {
	Profile *profile.Profile
	Kafka   kafka.Config
	Metrics []string // Prometheus URLs, none if the target serves none

	env      profile.Lookup
	embedded *embedded.Cluster // nil unless the profile is that
	proxy    *kafkaproxy.Proxy // between clients and brokers; nil if there is none
	platform platform.Platform // what controls the brokers; nil if nothing does
	storage  *s3proxy.Proxy    // between brokers and object storage; nil if there is none of ours
	remote   *s3proxy.Remote   // such a proxy of another process; nil if there is none
	faults   *chaos.Controller
	proofs   map[string]sasl.Mechanism // of the principals that the embedded target has of its own
	storm    Stormer
}

// OpenTarget resolves a profile. The embedded target is started; any other is only described, and first contacted by
// Run.Prepare.
func OpenTarget(ctx context.Context, o TargetOptions) (*Target, error) {
	if o.Profile.System != profile.Embedded {
		if len(o.Lies) > 0 {
			return nil, fmt.Errorf("K6_LIE=%s: only the embedded target lies, and profile %s is %s", o.Lies[0], o.Profile.Name, o.Profile.System)
		}
		t := &Target{Profile: o.Profile, Kafka: clientConfig(o.Profile, o.Profile.Brokers), Metrics: o.Profile.Metrics, env: o.Env}
		err := t.openStorageProxy(ctx)
		if err == nil {
			err = t.startProcesses(ctx, o)
		}
		if err == nil {
			err = t.openContainers(ctx, o)
		}
		if err != nil {
			return nil, errors.Join(err, t.Close())
		}
		return t.ready(ctx, o)
	}
	return startEmbedded(ctx, o)
}

func startEmbedded(ctx context.Context, o TargetOptions) (*Target, error) {
	store, namespace := embedded.StoreOptions{Dir: o.Profile.Embedded.StoreDir}, "" // "": the cluster's own default
	if o.Profile.ObjectStore != nil {
		var err error
		if store.S3, err = bucketOf(o.Profile, o.Env); err != nil {
			return nil, err
		}
		namespace = store.S3.Prefix
	}
	users := embeddedUsers(o.Profile)
	cluster, err := embedded.Start(ctx, embedded.Options{
		Brokers:           o.Profile.Embedded.Brokers,
		SingleEndpoint:    o.Profile.Claims.SingleEndpoint,
		DefaultPartitions: o.Profile.Embedded.Partitions,
		AutoCreate:        o.Profile.Claims.AutoCreation,
		Lies:              o.Lies,
		Seed:              o.Seed,
		Store:             store,
		Namespace:         namespace,
		Logger:            o.Logger,
		Access:            users.access,
		TLS:               embeddedTLS(o.Profile),
	})
	if err != nil {
		return nil, fmt.Errorf("starting the embedded target: %w", err)
	}
	config := clientConfig(o.Profile, cluster.Bootstrap())
	trustCluster(&config, cluster)
	t := &Target{
		Profile: o.Profile, Kafka: config, Metrics: []string{cluster.MetricsURL()},
		embedded: cluster, platform: cluster, storage: cluster.StorageProxy(), proofs: users.proofs,
	}
	return t.ready(ctx, o)
}

// ready has faults act on the target, or closes it.
func (t *Target) ready(ctx context.Context, o TargetOptions) (*Target, error) {
	if t.storm = o.Storm; t.storm == nil {
		t.storm = stormHere(t.Kafka)
	}
	if err := t.openFaults(ctx, o.Logger); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// bucket says how to reach the bucket directly.
func (t *Target) bucket() (objectstore.Config, error) {
	if t.embedded != nil {
		return t.embedded.ObjectStore(), nil
	}
	return bucketOf(t.Profile, t.env)
}

// bucketOf says how to reach the bucket that a profile names.
func bucketOf(p *profile.Profile, env profile.Lookup) (objectstore.Config, error) {
	s := p.ObjectStore
	if s == nil {
		return objectstore.Config{}, fmt.Errorf("profile %s claims objectStorage but says nothing of the bucket: add objectStore", p.Name)
	}
	access, secret, err := s.Credentials(env)
	if err != nil {
		return objectstore.Config{}, fmt.Errorf("profile %s: %w", p.Name, err)
	}
	return objectstore.Config{
		Endpoint: s.Endpoint, Bucket: s.Bucket, Prefix: s.Prefix, Region: s.Region, Layout: s.Layout,
		AccessKey: access, SecretKey: secret,
	}, nil
}

// openBucket opens the bucket; the error names its endpoint, or what the profile lacks.
func (t *Target) openBucket(ctx context.Context) (*objectstore.Store, error) {
	cfg, err := t.bucket()
	if err != nil {
		return nil, err
	}
	return objectstore.Open(ctx, cfg)
}

// firstWrite says when an object was first written, where the target's storage traffic passes through our proxy.
func (t *Target) firstWrite(key string) time.Time {
	if t.storage == nil {
		return time.Time{}
	}
	cfg, err := t.bucket()
	if err != nil {
		return time.Time{}
	}
	at, _ := t.storage.Log().FirstWrite(cfg.Bucket, key)
	return at
}

// overwritten are the objects that were written again with another content, as our proxy before the storage saw it; none without it.
func (t *Target) overwritten() []s3proxy.Overwrite {
	cfg, err := t.bucket()
	if t.storage == nil || err != nil {
		return nil
	}
	return slices.DeleteFunc(t.storage.Log().Overwritten(), func(o s3proxy.Overwrite) bool { return o.Bucket != cfg.Bucket })
}

// lieHits counts how often each lie was told; nil where nobody lies.
func (t *Target) lieHits() map[string]int64 {
	if t.embedded == nil {
		return nil
	}
	return t.embedded.LieHits()
}

// Close ends all faults and stops what OpenTarget started. It may be called more than once.
func (t *Target) Close() error {
	err := t.closeFaults()
	if t.embedded == nil {
		return err
	}
	return errors.Join(err, t.embedded.Close())
}
