package embedded

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"strconv"
	"strings"
	"sync"
)

// documents are the state of the cluster that is not a log: small JSON objects below <namespace>/_state/. Each version of a
// document is an object of its own, <name>/<version, 20 digits>.json, written only where there is none; the highest version
// counts. So a write that is applied late cannot bring an old state back.
type documents struct {
	life *life

	mu   sync.Mutex
	byID map[string]*document
}

type document struct {
	turn    chan struct{} // holds one token
	version int64         // of the latest durable one; 0: none
	body    []byte
}

func newDocuments(l *life) *documents { return &documents{life: l, byID: map[string]*document{}} }

const stateFolder = "_state"

func documentPrefix(namespace string) string { return namespace + "/" + stateFolder + "/" }

func documentKey(namespace, name string, version int64) string {
	return fmt.Sprintf("%s%s/%020d.json", documentPrefix(namespace), name, version)
}

// parseDocumentKey takes a key apart; ok is false where it is not that of a document.
func parseDocumentKey(namespace, key string) (name string, version int64, ok bool) {
	rest, below := strings.CutPrefix(key, documentPrefix(namespace))
	folder, file := path.Split(rest)
	digits, isJSON := strings.CutSuffix(file, ".json")
	version, err := strconv.ParseInt(digits, 10, 64)
	return strings.TrimSuffix(folder, "/"), version, below && isJSON && err == nil && folder != ""
}

func (d *documents) get(name string) *document {
	d.mu.Lock()
	defer d.mu.Unlock()
	doc := d.byID[name]
	if doc == nil {
		doc = &document{turn: make(chan struct{}, 1)}
		doc.turn <- struct{}{}
		d.byID[name] = doc
	}
	return doc
}

// know tells what is in the bucket already.
func (d *documents) know(name string, version int64, body []byte) {
	doc := d.get(name)
	doc.version, doc.body = version, body
}

// save makes what snapshot returns durable, unless the latest version says the same. Savers of one document take turns, so
// that the snapshot of one covers the changes of all who came before it.
func (d *documents) save(ctx context.Context, name string, snapshot func() ([]byte, error)) error {
	doc := d.get(name)
	select {
	case <-doc.turn:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { doc.turn <- struct{}{} }()
	body, err := snapshot()
	if err != nil || bytes.Equal(body, doc.body) {
		return err
	}
	way := &lane{life: d.life}
	defer way.close()
	for {
		// The life's context: a version that was begun is finished, whoever waits for it.
		key := documentKey(d.life.bucket.Prefix(), name, doc.version+1)
		other, err := d.life.putUntilKnown(by(d.life.ctx, behind(ctx)), way, key, body, remembered)
		if err != nil {
			return fmt.Errorf("save %s: %w", name, err)
		}
		previous := doc.version
		doc.version++
		d.drop(name, previous)
		if other == nil {
			doc.body = body
			return nil
		}
	}
}

// drop deletes a version that does not count any more. One that stays is harmless.
func (d *documents) drop(name string, version int64) {
	if version == 0 {
		return
	}
	d.life.background(func() {
		if err := d.life.bucket.Delete(d.life.ctx, documentKey(d.life.bucket.Prefix(), name, version)); err != nil {
			d.life.logger.Debug("an old state stays in the bucket", "error", err)
		}
	})
}
