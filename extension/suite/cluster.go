package suite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"k6suite/extension/embedded"
	"k6suite/extension/objectstore"
)

type clusterFlags struct {
	brokers    int
	single     bool
	port       int
	ports      []int
	partitions int
	dir        string
	lies       []string
	seed       int64
	s3         objectstore.Config
	accessEnv  string
	secretEnv  string
	ca, client string // files; "": no TLS, no certificates of clients
}

func newClusterCommand() *cobra.Command {
	var f clusterFlags
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "Keep an embedded cluster running for other tools, until it is interrupted",
		Long: `Keep an embedded cluster running: Kafka brokers whose acknowledgements mean "in object storage".

Without --dir or --s3-endpoint the bucket lives in memory and is gone with the process. With either, a later start over the
same bucket brings back topics, records and committed offsets.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.serve(cmd) },
	}
	flags := cmd.Flags()
	flags.IntVar(&f.brokers, "brokers", 3, "number of brokers")
	flags.BoolVar(&f.single, "single-endpoint", true, "all brokers behind one address; false: each has its own")
	flags.IntVar(&f.port, "port", 0, "loopback port of that address (default: a free one)")
	flags.IntSliceVar(&f.ports, "ports", nil, "loopback port of each broker (default: free ones)")
	flags.IntVar(&f.partitions, "partitions", 3, "partitions of a topic that is created without saying how many")
	flags.StringVar(&f.dir, "dir", "", "folder of the cluster's own S3 store, which survives a restart")
	flags.StringVar(&f.s3.Endpoint, "s3-endpoint", "", "URL of another S3 store to use instead, such as http://127.0.0.1:9000")
	flags.StringVar(&f.s3.Bucket, "s3-bucket", "k6suite", "bucket in that store")
	flags.BoolVar(&f.s3.CreateBucket, "s3-create-bucket", false, "create that bucket where it is missing")
	flags.StringVar(&f.s3.Region, "s3-region", "us-east-1", "region of that store")
	flags.StringVar(&f.accessEnv, "s3-access-key-env", "AWS_ACCESS_KEY_ID", "environment variable that holds the access key")
	flags.StringVar(&f.secretEnv, "s3-secret-key-env", "AWS_SECRET_ACCESS_KEY", "environment variable that holds the secret key")
	flags.StringVar(&f.ca, "tls-ca", "", "speak TLS, and write whom clients have to trust to this file (PEM)")
	flags.StringVar(&f.client, "tls-client", "", "let in only clients that show a certificate, and write one with its key to this file (PEM)")
	flags.StringSliceVar(&f.lies, "lie", nil, "deliberate defects; k6 x suite lies lists them")
	flags.Int64Var(&f.seed, "seed", 1, "seed of the defects")
	return cmd
}

func (f *clusterFlags) serve(cmd *cobra.Command) error {
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cluster, err := f.start(ctx)
	if err != nil {
		return couldNotRun("starting the cluster: %v", err)
	}
	if err := f.writeCertificates(cluster); err != nil {
		return couldNotRun("starting the cluster: %v", errors.Join(err, cluster.Close()))
	}
	store := cluster.ObjectStore()
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "bootstrap    %s\n", strings.Join(cluster.Bootstrap(), ","))
	fmt.Fprintf(out, "metrics      %s\n", cluster.MetricsURL())
	fmt.Fprintf(out, "objectstore  %s bucket %s\n", store.Endpoint, store.Bucket)
	if f.ca != "" {
		fmt.Fprintf(out, "authority    %s\n", f.ca)
	}
	if f.client != "" {
		fmt.Fprintf(out, "client       %s\n", f.client)
	}
	fmt.Fprintln(out, "ready; Ctrl-C stops it")
	<-ctx.Done()
	if err := cluster.Close(); err != nil {
		return couldNotRun("stopping the cluster: %v", err)
	}
	fmt.Fprintln(out, "stopped")
	return nil
}

func (f *clusterFlags) start(ctx context.Context) (*embedded.Cluster, error) {
	if f.port != 0 && !f.single {
		return nil, errors.New("--port is that of the single endpoint: with --single-endpoint=false, --ports names those of the brokers")
	}
	if f.client != "" && f.ca == "" {
		return nil, errors.New("--tls-client needs --tls-ca: clients have to know whom to trust, too")
	}
	store := embedded.StoreOptions{Dir: f.dir}
	if f.s3.Endpoint != "" {
		if f.dir != "" {
			return nil, errors.New("--dir and --s3-endpoint exclude each other: one bucket is the truth")
		}
		f.s3.AccessKey, f.s3.SecretKey = os.Getenv(f.accessEnv), os.Getenv(f.secretEnv)
		store.S3 = f.s3
	}
	return embedded.Start(ctx, embedded.Options{
		Brokers: f.brokers, Ports: f.ports, SingleEndpoint: f.single, EndpointPort: f.port, DefaultPartitions: f.partitions, AutoCreate: true,
		Lies: f.lies, Seed: f.seed, Store: store, TLS: f.tls(),
	})
}

func (f *clusterFlags) tls() *embedded.TLS {
	if f.ca == "" {
		return nil
	}
	return &embedded.TLS{Mutual: f.client != ""}
}

// writeCertificates gives other tools what they need to connect. The key is for nobody else's eyes.
func (f *clusterFlags) writeCertificates(cluster *embedded.Cluster) error {
	if f.ca == "" {
		return nil
	}
	if err := os.WriteFile(f.ca, cluster.Authority(), 0o600); err != nil {
		return fmt.Errorf("--tls-ca: %w", err)
	}
	if f.client == "" {
		return nil
	}
	own := cluster.Identity()
	if err := os.WriteFile(f.client, slices.Concat(own.Cert, own.Key), 0o600); err != nil {
		return fmt.Errorf("--tls-client: %w", err)
	}
	return nil
}
