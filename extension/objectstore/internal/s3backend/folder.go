package s3backend

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/johannesboyne/gofakes3"
)

// temporary is where bodies are staged; no bucket can have this name.
const temporary = ".tmp"

// folder keeps each object in a file of its own, <root>/<bucket>/<key>.obj: the body, then a trailer with its attributes. A file is
// written under another name and renamed, so that a process which is killed leaves the old object or the new one, never a part.
// Nothing is synced: when the machine itself loses power, the latest objects may be missing or torn; a torn one is
// found by its trailer when the folder is opened again.
type folder struct {
	root string
	lock *os.File
}

// Open returns a backend that keeps everything in the folder root, which it creates where it is missing. It reads the
// attributes of all objects, refuses a file that is damaged or not its own, and keeps the folder to itself until Close.
func Open(root string) (*Backend, error) {
	f := &folder{root: root}
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, err
	}
	var err error
	if f.lock, err = lockFolder(filepath.Join(root, ".lock")); err != nil {
		return nil, fmt.Errorf("folder %s is in use by another S3 server: %w", root, err)
	}
	b := &Backend{bodies: f, buckets: map[string]*bucket{}}
	if err := f.load(b); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return b, nil
}

func (f *folder) load(b *Backend) error {
	if err := os.RemoveAll(filepath.Join(f.root, temporary)); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(f.root, temporary), 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(f.root)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if gofakes3.ValidateBucketName(entry.Name()) != nil || !entry.IsDir() {
			continue
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if b.buckets[entry.Name()], err = f.loadBucket(entry.Name(), info.ModTime()); err != nil {
			return err
		}
	}
	return nil
}

func (f *folder) loadBucket(name string, created time.Time) (*bucket, error) {
	root, result := filepath.Join(f.root, name), newBucket(created)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		key, ok := keyOf(filepath.ToSlash(relative))
		if !ok {
			return fmt.Errorf("%s is no object of this server: move it elsewhere", path)
		}
		o, err := readObject(path)
		if err != nil {
			return fmt.Errorf("%s is damaged (did the machine lose power?): remove it: %w", path, err)
		}
		result.put(key, o)
		return nil
	})
	return result, err
}

func (f *folder) path(bucket, key string) (string, error) {
	relative, ok := fileOf(key)
	if !ok {
		return "", gofakes3.ResourceError(gofakes3.ErrKeyTooLong, key)
	}
	return filepath.Join(f.root, bucket, filepath.FromSlash(relative)), nil
}

func (f *folder) stage(body []byte, a attributes) (staged, error) {
	file, err := os.CreateTemp(filepath.Join(f.root, temporary), "put-")
	if err != nil {
		return nil, err
	}
	err = writeObject(file, body, a)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, errors.Join(err, os.Remove(file.Name()))
	}
	return &folderBody{folder: f, file: file.Name()}, nil
}

func (f *folder) open(bucket, key string, _ *object) (io.ReadSeekCloser, error) {
	path, err := f.path(bucket, key)
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

func (f *folder) remove(bucket, key string) error {
	path, err := f.path(bucket, key)
	if err != nil {
		return err
	}
	return os.Remove(path)
}

func (f *folder) createBucket(bucket string) error {
	if strings.HasPrefix(bucket, ".") {
		return gofakes3.ResourceError(gofakes3.ErrInvalidBucketName, bucket)
	}
	return os.Mkdir(filepath.Join(f.root, bucket), 0o700)
}

func (f *folder) removeBucket(bucket string) error {
	return os.RemoveAll(filepath.Join(f.root, bucket))
}

func (f *folder) close() error { return f.lock.Close() }

type folderBody struct {
	folder *folder
	file   string // empty once it is committed
}

func (b *folderBody) commit(bucket, key string, _ *object) error {
	path, err := b.folder.path(bucket, key)
	if err != nil {
		return err
	}
	err = os.Rename(b.file, path)
	if errors.Is(err, fs.ErrNotExist) { // the first object below this prefix
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			err = os.Rename(b.file, path)
		}
	}
	if err == nil {
		b.file = ""
	}
	return err
}

func (b *folderBody) discard() {
	if b.file != "" {
		_ = os.Remove(b.file) // what is left of it goes when the folder is opened again
	}
}
