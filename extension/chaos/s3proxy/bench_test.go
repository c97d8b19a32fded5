package s3proxy_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/require"
)

// The store, each proxy and the clients are processes of their own on one machine, so that whoever works takes time from all others:
// the ratios are lower than with a machine for each. An instant store leaves all time to the others, so that nothing hides what moving
// each byte twice costs; no proxy, not even one that moves bytes and looks at none, gets near the direct rate there, unless there are more
// cores than the three processes need. The embedded server does what object storage has to do for a request, and a distant one takes
// the time that it takes at best.

const (
	benchRounds  = 7
	benchClients = 16
	benchBucket  = "bench"
	// benchDistance is how long object storage of the same region takes at best until it answers.
	benchDistance = 10 * time.Millisecond
	largeObject   = 1 << 20
	smallObject   = 1 << 10
	benchLarge    = 40  // requests of each client with large objects
	benchSmall    = 400 // and with small ones
)

// way is how clients reach the store: its name, and the address, host:port.
type way struct{ name, address string }

// ways starts a store and everything that can stand before it. The first one is direct.
func ways(b *testing.B, storeIs string) []way {
	b.Helper()
	store := startProcess(b, storeIs)
	all := []way{{"direct", store}, {"s3proxy", startProcess(b, roleProxy, store)}, {"pipe", startProcess(b, rolePipe, store)}}
	if binary := os.Getenv("TOXIPROXY"); binary != "" {
		all = append(all, way{"toxiproxy", run(b, exec.Command(binary, store))})
	}
	return all
}

// work is what a client does over and over.
type work struct {
	name     string
	requests int
	size     int
	do       func(b *testing.B, c *minio.Core, key string, body []byte) error
}

func benchPut(b *testing.B, c *minio.Core, key string, body []byte) error {
	b.Helper()
	_, err := c.PutObject(b.Context(), benchBucket, key, bytes.NewReader(body), int64(len(body)), "", "",
		minio.PutObjectOptions{DisableContentSha256: true})
	return err
}

func benchGet(b *testing.B, c *minio.Core, key string, body []byte) error {
	b.Helper()
	object, _, _, err := c.GetObject(b.Context(), benchBucket, key, minio.GetObjectOptions{})
	if err != nil {
		return err
	}
	defer object.Close()
	n, err := io.Copy(io.Discard, object)
	if err == nil && n != int64(len(body)) {
		err = fmt.Errorf("%d of %d bytes", n, len(body))
	}
	return err
}

func benchHead(b *testing.B, c *minio.Core, key string, _ []byte) error {
	b.Helper()
	_, err := c.StatObject(b.Context(), benchBucket, key, minio.StatObjectOptions{})
	return err
}

// BenchmarkRates has 16 clients at a time PUT, GET and HEAD objects, with minio-go, and reports the median of the rates through each
// way as ratios to the direct one.
func BenchmarkRates(b *testing.B) {
	for _, storeIs := range []string{roleDistant, roleStore, roleInstant} {
		for _, w := range []work{
			{"PUT-1MiB", benchLarge, largeObject, benchPut},
			{"GET-1MiB", benchLarge, largeObject, benchGet},
			{"PUT-1KiB", benchSmall, smallObject, benchPut},
			{"GET-1KiB", benchSmall, smallObject, benchGet},
			{"HEAD-1KiB", benchSmall, smallObject, benchHead},
		} {
			if storeIs == roleDistant {
				w.requests /= 4 // they take long enough
			}
			b.Run(storeIs+"/"+w.name, func(b *testing.B) { compareWays(b, ways(b, storeIs), w) })
		}
	}
}

// compareWays measures each way in turn, round by round.
func compareWays(b *testing.B, all []way, w work) {
	b.Helper()
	prepare(b, all[0], w)
	for range b.N {
		ratios := map[string][]float64{}
		for range benchRounds {
			direct := measure(b, all[0], w)
			for _, other := range all[1:] {
				ratios[other.name] = append(ratios[other.name], direct.Seconds()/measure(b, other, w).Seconds())
			}
		}
		for _, other := range all[1:] {
			slices.Sort(ratios[other.name])
			b.ReportMetric(ratios[other.name][benchRounds/2], other.name+"/direct")
		}
	}
	b.ReportMetric(0, "ns/op") // the ratios are what counts
}

func prepare(b *testing.B, direct way, w work) {
	b.Helper()
	c, done := direct.client(b)
	defer done()
	require.NoError(b, c.MakeBucket(b.Context(), benchBucket, minio.MakeBucketOptions{}))
	for i := range benchClients {
		require.NoError(b, benchPut(b, c, fmt.Sprint(i), make([]byte, w.size)))
	}
}

// measure gives how long all clients take, once each has its connection.
func measure(b *testing.B, through way, w work) time.Duration {
	b.Helper()
	c, done := through.client(b)
	defer done()
	body := make([]byte, w.size)
	all := func(requests int) time.Duration {
		var group sync.WaitGroup
		began := time.Now()
		for i := range benchClients {
			group.Go(func() {
				for range requests {
					if err := w.do(b, c, fmt.Sprint(i), body); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		group.Wait()
		return time.Since(began)
	}
	all(w.requests / 10)
	return all(w.requests)
}

func (w way) client(b *testing.B) (c *minio.Core, done func()) {
	b.Helper()
	transport := &http.Transport{
		MaxIdleConnsPerHost: benchClients, ReadBufferSize: 64 << 10, WriteBufferSize: 64 << 10, DisableCompression: true,
	}
	c, err := minio.NewCore(w.address, &minio.Options{
		Creds: credentials.NewStaticV4("key", "secret", ""), Region: "us-east-1", Transport: transport, MaxRetries: 1,
	})
	require.NoError(b, err)
	return c, transport.CloseIdleConnections
}
