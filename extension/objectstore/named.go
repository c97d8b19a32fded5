package objectstore

import "github.com/minio/minio-go/v7"

// Named returns the same bucket for a part of this process that is to be known by a name: its requests say so at the end of their
// User-Agent, "… name/1". The connections are shared, and closed with the Store that it was made from.
func (s *Store) Named(name string) (*Store, error) {
	named := *s
	var err error
	if named.retrying, err = s.newClient(s.config.MaxRetries + 1); err != nil {
		return nil, err
	}
	if named.once, err = s.newClient(1); err != nil {
		return nil, err
	}
	for _, client := range []*minio.Client{named.retrying, named.once} {
		client.SetAppInfo(name, "1")
	}
	return &named, nil
}
