// s3-ready exits 0 once an S3 server has a bucket that keeps all versions of its objects: it waits for the server, and makes the bucket.
// The credentials are in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
//
//	go run ./scripts/s3-ready [-within 5s] host:port bucket
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

func main() {
	within := flag.Duration("within", 5*time.Second, "how long to ask for")
	flag.Parse()
	if err := run(*within, credentials.NewEnvAWS(), flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(within time.Duration, login *credentials.Credentials, args []string) error {
	if len(args) != 2 {
		return errors.New("give the server as host:port, and the name of the bucket")
	}
	server, bucket := args[0], args[1]
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	client, err := minio.New(server, &minio.Options{Creds: login, Region: "us-east-1", MaxRetries: 1})
	if err != nil {
		return err
	}
	last := errors.New("no answer")
	for {
		err := prepare(ctx, client, bucket)
		if err == nil {
			return nil
		}
		late := errors.Is(err, context.DeadlineExceeded)
		if !late {
			last = err
		}
		if _, unreachable := errors.AsType[*url.Error](err); !unreachable && !late { // what was answered will be answered again
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready within %s: %w", server, within, last)
		}
	}
}

func prepare(ctx context.Context, client *minio.Client, bucket string) error {
	there, err := client.BucketExists(ctx, bucket)
	if err != nil {
		return err
	}
	if !there {
		if err := client.MakeBucket(ctx, bucket, minio.MakeBucketOptions{}); err != nil {
			return fmt.Errorf("making bucket %s: %w", bucket, err)
		}
	}
	if err := client.EnableVersioning(ctx, bucket); err != nil {
		return fmt.Errorf("having bucket %s keep versions: %w", bucket, err)
	}
	return nil
}
