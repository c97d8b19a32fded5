package objectstore

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

const (
	defaultRegion  = "us-east-1"
	defaultRetries = 3
	openTimeout    = 5 * time.Second
)

// Config says which bucket to open. Endpoint and Bucket are required; all the rest has a default.
type Config struct {
	// Endpoint is the address of the S3 service, scheme included: "http://127.0.0.1:9000".
	Endpoint string
	Bucket   string

	// Prefix is where the tree of a layout begins, without slashes at its ends; for KafScale it ends in the namespace
	// ("default", or "clusters/a/default"). Only Audit uses it: the keys of Put, Get, Delete and List are whole keys.
	Prefix string

	// Layout is the name of a segment layout, see [LayoutNamed]. Default: "kafscale".
	Layout string

	// Region signs the requests (SigV4). Default: "us-east-1". It is never asked of the server.
	Region string

	// AccessKey and SecretKey sign the requests. Both empty: requests are anonymous. They appear in no error and no log.
	AccessKey, SecretKey string

	// CreateBucket makes Open create the bucket where it is missing. Default: a missing bucket is an error.
	CreateBucket bool

	// MaxRetries is how often a request that failed by a network error or a retriable S3 error is sent again, with pauses
	// that grow from at most 0.2 s to at most 1 s each. Default (0): 3, that is 1.4 s of pauses at the most. Negative: none.
	// [Store.PutIfAbsent] is never sent twice, whatever stands here.
	MaxRetries int
}

// withDefaults returns the configuration with every default in its place, or says which field is wrong.
func (c Config) withDefaults() (Config, error) {
	if c.Bucket == "" {
		return c, errors.New("object store: no bucket given")
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return c, fmt.Errorf("object store: endpoint %q is not an address like http://host:port", c.Endpoint)
	}
	if u.User != nil {
		return c, errors.New("object store: the endpoint holds credentials: give them as access key and secret key")
	}
	if (c.AccessKey == "") != (c.SecretKey == "") {
		return c, errors.New("object store: access key and secret key go together: give both or none")
	}
	if c.Layout == "" {
		c.Layout = KafScaleLayout
	}
	if c.Region == "" {
		c.Region = defaultRegion
	}
	if c.MaxRetries == 0 {
		c.MaxRetries = defaultRetries
	}
	c.MaxRetries = max(c.MaxRetries, 0)
	c.Prefix = strings.Trim(c.Prefix, "/")
	return c, nil
}
