package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"k6suite/extension/objectstore"
)

// clusterDocument says that the namespace belongs to a cluster.
type clusterDocument struct {
	ID string `json:"id"`
}

const (
	clusterName  = "cluster"
	claimTimeout = 5 * time.Second
)

// holding is what the bucket holds of a cluster.
type holding struct {
	exists    bool
	cluster   clusterDocument
	documents map[string]storedDocument
	segments  map[place][]objectstore.Object

	bodies map[string][]byte // of the documents, once they are read
	state  restored
}

type storedDocument struct {
	version int64
	key     string
}

// survey lists the namespace. Where there is no cluster yet it founds one; where there is something else, that is an error.
func (l *life) survey(ctx context.Context) (*holding, error) {
	namespace := l.bucket.Prefix()
	h := &holding{}
	if err := l.insist(ctx, namespace, func() error { return l.list(ctx, h) }); err != nil {
		return nil, fmt.Errorf("list the namespace %q: %w", namespace, err)
	}
	stored, exists := h.documents[clusterName]
	if !exists {
		if len(h.segments)+len(h.documents) > 0 {
			return nil, fmt.Errorf("namespace %q holds segments, but not of an embedded cluster: name another one", namespace)
		}
		return h, l.found(ctx, h)
	}
	body, err := l.read(ctx, stored.key)
	if err != nil {
		return nil, err
	}
	h.exists = true
	return h, unmarshal(stored.key, body, &h.cluster)
}

// list begins anew with what the bucket holds.
func (l *life) list(ctx context.Context, h *holding) error {
	namespace := l.bucket.Prefix()
	h.documents, h.segments = map[string]storedDocument{}, map[place][]objectstore.Object{}
	for object, err := range l.bucket.List(ctx, namespace+"/") {
		if err != nil {
			return err
		}
		if name, version, ok := parseDocumentKey(namespace, object.Key); ok {
			if version > h.documents[name].version {
				h.documents[name] = storedDocument{version: version, key: object.Key}
			}
		} else if id, ok := l.bucket.Layout().ParseKey(object.Key); ok && id.Prefix == namespace {
			at := place{id.Topic, id.Partition}
			h.segments[at] = append(h.segments[at], object)
		}
	}
	return nil
}

// found claims the namespace for a new cluster.
func (l *life) found(ctx context.Context, h *holding) error {
	h.cluster.ID = uuid.NewString()
	body, err := json.Marshal(h.cluster)
	if err != nil {
		return err
	}
	key := documentKey(l.bucket.Prefix(), clusterName, 1)
	ctx, cancel := context.WithTimeout(ctx, claimTimeout)
	defer cancel()
	other, err := l.putUntilKnown(ctx, &lane{life: l}, key, body, remembered)
	if err != nil {
		return fmt.Errorf("claim namespace %q: %w", l.bucket.Prefix(), err)
	}
	if other != nil {
		return errors.New("claim namespace: another cluster has just done so")
	}
	return nil
}

func unmarshal(key string, body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("object %s: %w", key, err)
	}
	return nil
}
