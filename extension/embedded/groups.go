package embedded

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// groupDocument is what the bucket keeps of a group: its committed offsets. Members come back by themselves.
type groupDocument struct {
	Group   string           `json:"group"`
	Commits []commitDocument `json:"commits,omitempty"`
}

type commitDocument struct {
	Topic       string    `json:"topic"`
	Partition   int32     `json:"partition"`
	Offset      int64     `json:"offset"`
	LeaderEpoch int32     `json:"leaderEpoch"`
	Metadata    string    `json:"metadata,omitempty"`
	At          time.Time `json:"at"`
}

const groupsFolder = "groups/"

// groupDocumentName hashes the name of the group, which may hold anything.
func groupDocumentName(group string) string {
	sum := sha256.Sum256([]byte(group))
	return groupsFolder + hex.EncodeToString(sum[:16])
}

// saveGroup makes the committed offsets of the group durable as they are now.
func (l *life) saveGroup(ctx context.Context, group string) error {
	err := l.documents.save(ctx, groupDocumentName(group), func() ([]byte, error) {
		d := groupDocument{Group: group}
		if info := l.kfake.GroupInfo(group); info != nil {
			for topic, partitions := range info.Commits {
				for number, c := range partitions {
					d.Commits = append(d.Commits, commitDocument{topic, number, c.Offset, c.LeaderEpoch, c.Metadata, c.At.UTC()})
				}
			}
		}
		slices.SortFunc(d.Commits, func(a, b commitDocument) int {
			return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
		})
		return json.Marshal(d)
	})
	if err != nil {
		return fmt.Errorf("make the offsets of group %q durable: %w", group, err)
	}
	return nil
}

func (l *life) serveOffsetCommit(ctx context.Context, x *exchange) error {
	request := kmsg.NewPtrOffsetCommitRequest()
	if err := x.Decode(request); err != nil {
		return err
	}
	if !x.may(kmsg.ACLOperationRead, kmsg.ACLResourceTypeGroup, request.Group) {
		return x.forward(ctx) // which refuses it
	}
	return l.thenSaveGroups(ctx, x, request.Group)
}

func (l *life) serveOffsetDelete(ctx context.Context, x *exchange) error {
	request := kmsg.NewPtrOffsetDeleteRequest()
	if err := x.Decode(request); err != nil {
		return err
	}
	if !x.may(kmsg.ACLOperationDelete, kmsg.ACLResourceTypeGroup, request.Group) {
		return x.forward(ctx) // which refuses it
	}
	return l.thenSaveGroups(ctx, x, request.Group)
}

func (l *life) serveDeleteGroups(ctx context.Context, x *exchange) error {
	request := kmsg.NewPtrDeleteGroupsRequest()
	if err := x.Decode(request); err != nil {
		return err
	}
	mine := slices.DeleteFunc(slices.Clone(request.Groups), func(group string) bool {
		return !x.may(kmsg.ACLOperationDelete, kmsg.ACLResourceTypeGroup, group)
	})
	return l.thenSaveGroups(ctx, x, mine...)
}

func (l *life) thenSaveGroups(ctx context.Context, x *exchange, groups ...string) error {
	if err := x.forward(ctx); err != nil {
		return err
	}
	for _, group := range groups {
		if err := l.saveGroup(ctx, group); err != nil {
			return err
		}
	}
	return nil
}

func (l *life) serveListGroups(ctx context.Context, x *exchange) error {
	request := kmsg.NewPtrListGroupsRequest()
	if err := x.Decode(request); err != nil {
		return err
	}
	lowerTypes(request)
	response, err := l.groupsOf(ctx, x.conn.node, request)
	if err != nil {
		return err
	}
	response.Groups = slices.DeleteFunc(response.Groups, func(g kmsg.ListGroupsResponseGroup) bool {
		return !x.may(kmsg.ACLOperationDescribe, kmsg.ACLResourceTypeCluster, clusterResource) &&
			!x.may(kmsg.ACLOperationDescribe, kmsg.ACLResourceTypeGroup, g.Group)
	})
	x.respond(response)
	return nil
}
