package embedded

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// dataDir writes a folder as kfake keeps it (persist.go there, format version 1), so that a new kfake begins with our log. It
// is temporary: the bucket is where things are kept.
type dataDir struct{ root string }

const (
	dataDirPrefix   = "k6suite-embedded-"
	dataDirVersion  = 1
	maxSegmentBytes = 64 << 20
)

// newDataDir makes the folder, and removes those that processes which were killed have left.
func newDataDir() (*dataDir, error) {
	left, err := filepath.Glob(filepath.Join(os.TempDir(), dataDirPrefix+"*"))
	if err != nil {
		return nil, err
	}
	for _, folder := range left {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(folder), dataDirPrefix), "-")
		if n, err := strconv.Atoi(pid); err == nil && errors.Is(syscall.Kill(n, 0), syscall.ESRCH) {
			_ = os.RemoveAll(folder)
		}
	}
	root, err := os.MkdirTemp("", fmt.Sprintf("%s%d-", dataDirPrefix, os.Getpid()))
	if err != nil {
		return nil, fmt.Errorf("folder for the restored log: %w", err)
	}
	return &dataDir{root: root}, nil
}

func (d *dataDir) writeJSON(value any, name ...string) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(append([]string{d.root}, name...)...), body, 0o600)
}

func (d *dataDir) writeMeta(clusterID string) error {
	return d.writeJSON(map[string]any{"version": dataDirVersion, "cluster_id": clusterID}, "meta.json")
}

func (d *dataDir) writeTopics(topics []topicDocument) error {
	type entry struct {
		Name       string            `json:"name"`
		ID         string            `json:"id"`
		Partitions int               `json:"partitions"`
		Replicas   int               `json:"replicas"`
		Configs    map[string]string `json:"configs,omitempty"`
	}
	list := make([]entry, 0, len(topics))
	for _, t := range topics {
		e := entry{
			Name: t.Name, ID: base64.StdEncoding.EncodeToString(t.ID[:]), Partitions: t.Partitions, Replicas: t.Replicas,
			Configs: map[string]string{},
		}
		for key, value := range t.Configs {
			if value != nil {
				e.Configs[key] = *value
			}
		}
		list = append(list, e)
	}
	return d.writeJSON(map[string]any{"version": dataDirVersion, "topics": list}, "topics.json")
}

// writeLog writes one of kfake's append logs.
func (d *dataDir) writeLog(name string, entries []any) error {
	var out []byte
	for _, entry := range entries {
		data, err := json.Marshal(entry)
		if err != nil {
			return err
		}
		framed := binary.LittleEndian.AppendUint16(nil, dataDirVersion)
		framed = append(framed, data...)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(framed)))
		out = binary.LittleEndian.AppendUint32(out, crc32.Checksum(framed, crc32.MakeTable(crc32.Castagnoli)))
		out = append(out, framed...)
	}
	return os.WriteFile(filepath.Join(d.root, name), out, 0o600)
}

func (d *dataDir) writeGroups(groups []groupDocument) error {
	var entries []any
	for _, g := range groups {
		for _, c := range g.Commits {
			entry := map[string]any{
				"type": "commit", "g": g.Group, "t": c.Topic, "p": c.Partition, "o": c.Offset, "e": c.LeaderEpoch, "lc": c.At.UnixMilli(),
			}
			if c.Metadata != "" {
				entry["m"] = c.Metadata
			}
			entries = append(entries, entry)
		}
	}
	return d.writeLog("groups.log", entries)
}

func (d *dataDir) writeProducers(list []producerDocument) error {
	entries := make([]any, 0, len(list))
	for _, p := range list {
		entry := map[string]any{"type": "init", "pid": p.ID, "epoch": p.Epoch}
		if p.Transactional != "" {
			entry["txid"], entry["timeout"], entry["commit"] = p.Transactional, kfakeTransactionTimeoutMillis, p.LastCommitted
		}
		entries = append(entries, entry)
	}
	return d.writeLog("pids.log", entries)
}

// writeWindows writes what is known of the last batches of each producer.
func (d *dataDir) writeWindows(partitions []*restoredPartition) error {
	type entry struct {
		First  int32 `json:"first_seq"`
		Next   int32 `json:"next_seq"`
		Offset int64 `json:"offset"`
	}
	type producerWindow struct {
		PID       int64    `json:"pid"`
		Topic     string   `json:"topic"`
		Partition int32    `json:"partition"`
		Entries   [5]entry `json:"entries"`
		Count     uint8    `json:"count"`
		At        uint8    `json:"at"`
		Epoch     int16    `json:"epoch"`
		Seen      bool     `json:"seen"`
		Next      int32    `json:"next_seq"`
	}
	list := []producerWindow{}
	for _, p := range partitions {
		for id, w := range p.log.windows {
			out := producerWindow{
				PID: id, Topic: p.log.topic, Partition: p.log.partition,
				Count: w.count, At: w.at, Epoch: w.epoch, Seen: true, Next: w.next,
			}
			for i, e := range w.entries {
				out.Entries[i] = entry{First: e.first, Next: e.next, Offset: e.base}
			}
			list = append(list, out)
		}
	}
	return d.writeJSON(map[string]any{"version": dataDirVersion, "windows": list}, "seq_windows.json")
}

// partitionWriter writes the log of one partition.
type partitionWriter struct {
	folder   string
	segments []segmentInfo
	data     []byte
	index    []byte
}

type segmentInfo struct {
	Base     int64 `json:"base_offset"`
	Size     int64 `json:"size"`
	MinEpoch int32 `json:"min_epoch,omitempty"`
	MaxEpoch int32 `json:"max_epoch,omitempty"`
}

func (d *dataDir) partition(at place) (*partitionWriter, error) {
	folder := filepath.Join(d.root, "partitions", fmt.Sprintf("%s-%d", url.PathEscape(at.topic), at.partition))
	return &partitionWriter{folder: folder}, os.MkdirAll(folder, 0o700)
}

// add appends one batch.
func (w *partitionWriter) add(b batch, leaderEpoch int32) error {
	if len(w.data) == 0 {
		w.segments = append(w.segments, segmentInfo{Base: b.BaseOffset(), MinEpoch: leaderEpoch})
	}
	s := &w.segments[len(w.segments)-1]
	s.MinEpoch, s.MaxEpoch = min(s.MinEpoch, leaderEpoch), max(s.MaxEpoch, leaderEpoch)
	w.data = append(w.data, b...)
	entry := make([]byte, 15) // version, checksum, epoch, the greatest timestamp before (computed anew by kfake), in a transaction
	entry[0] = dataDirVersion
	binary.LittleEndian.PutUint32(entry[2:], uint32(leaderEpoch))
	entry[1] = byte(crc32.Checksum(entry[2:], crc32.MakeTable(crc32.Castagnoli)))
	w.index = append(w.index, entry...)
	if len(w.data) >= maxSegmentBytes {
		return w.flush()
	}
	return nil
}

func (w *partitionWriter) flush() error {
	if len(w.data) == 0 {
		return nil
	}
	s := &w.segments[len(w.segments)-1]
	s.Size = int64(len(w.data))
	name := filepath.Join(w.folder, strconv.FormatInt(s.Base, 10))
	err := errors.Join(os.WriteFile(name+".dat", w.data, 0o600), os.WriteFile(name+".idx", w.index, 0o600))
	w.data, w.index = w.data[:0], w.index[:0]
	return err
}

type abortedTransaction struct {
	ProducerID int64 `json:"producer_id"`
	First      int64 `json:"first_offset"`
	Last       int64 `json:"last_offset"`
}

// finish writes the rest and what the log amounts to.
func (w *partitionWriter) finish(p *restoredPartition, start int64, leader int32) error {
	if err := w.flush(); err != nil || len(w.segments) == 0 {
		return err
	}
	body, err := json.Marshal(map[string]any{
		"version": dataDirVersion, "high_watermark": p.log.end, "last_stable_offset": p.log.end, "log_start_offset": start,
		"epoch": p.leaderEpoch, "leader_node": leader, "created_at": time.Now(), "aborted_txns": p.aborted, "segments": w.segments,
	})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(w.folder, "snapshot.json"), body, 0o600)
}
