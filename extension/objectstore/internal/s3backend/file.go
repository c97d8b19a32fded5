package s3backend

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
)

const (
	suffix      = ".obj"
	maxNameSize = 255 // bytes of a file name, on every file system in use
	trailerEnd  = "K6S3"
)

// fileOf returns the path of the key's file below its bucket. Each segment of a key is escaped as in a URL; what a file system
// takes for something else is escaped as well: an empty segment, "." and "..", and a folder that looks like an object.
func fileOf(key string) (path string, ok bool) {
	segments := strings.Split(key, "/")
	for i, segment := range segments {
		escaped := url.PathEscape(segment)
		switch last := i == len(segments)-1; {
		case last:
			escaped += suffix
		case segment == "":
			escaped = "%"
		case segment == ".", segment == "..":
			escaped = strings.ReplaceAll(segment, ".", "%2E")
		case strings.HasSuffix(segment, suffix):
			escaped = strings.TrimSuffix(escaped, suffix) + "%2Eobj"
		}
		if len(escaped) > maxNameSize {
			return "", false
		}
		segments[i] = escaped
	}
	return strings.Join(segments, "/"), true
}

// keyOf is the inverse of fileOf; ok is false for a path that fileOf cannot have made.
func keyOf(path string) (key string, ok bool) {
	path, ok = strings.CutSuffix(path, suffix)
	if !ok {
		return "", false
	}
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if segment == "%" {
			segments[i] = ""
			continue
		}
		plain, err := url.PathUnescape(segment)
		if err != nil {
			return "", false
		}
		segments[i] = plain
	}
	return strings.Join(segments, "/"), true
}

// writeObject writes the body and its trailer: the attributes as JSON, their length in four bytes, and an end mark.
func writeObject(w io.Writer, body []byte, a attributes) error {
	trailer, err := json.Marshal(struct {
		attributes
		Size int `json:"size"`
	}{a, len(body)})
	if err != nil {
		return err
	}
	length := uint32(len(trailer))
	trailer = append(binary.BigEndian.AppendUint32(trailer, length), trailerEnd...)
	if _, err := w.Write(body); err != nil {
		return err
	}
	_, err = w.Write(trailer)
	return err
}

// readObject reads the attributes of an object from the end of its file.
func readObject(path string) (*object, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	const endSize = 4 + len(trailerEnd)
	end := make([]byte, endSize)
	if _, err := file.ReadAt(end, info.Size()-int64(endSize)); err != nil {
		return nil, fmt.Errorf("its end: %w", err)
	}
	length := int64(binary.BigEndian.Uint32(end))
	size := info.Size() - int64(endSize) - length
	if string(end[4:]) != trailerEnd || size < 0 {
		return nil, errors.New("it has no trailer")
	}
	trailer := make([]byte, length)
	if _, err := file.ReadAt(trailer, size); err != nil {
		return nil, fmt.Errorf("its trailer: %w", err)
	}
	stored := struct {
		attributes
		Size int64 `json:"size"`
	}{}
	if err := json.Unmarshal(trailer, &stored); err != nil {
		return nil, fmt.Errorf("its trailer: %w", err)
	}
	if stored.Size != size {
		return nil, fmt.Errorf("it has %d bytes: its trailer says %d", size, stored.Size)
	}
	return &object{attributes: stored.attributes, size: size}, nil
}
