package access

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// codes gives the error codes of an answer that are not 0, wherever they stand.
func codes(response kmsg.Response) []int16 { return codesIn(reflect.ValueOf(response), nil) }

func codesIn(v reflect.Value, found []int16) []int16 {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			found = codesIn(v.Elem(), found)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Struct {
			for i := range v.Len() {
				found = codesIn(v.Index(i), found)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Name == "ErrorCode" {
				if code := int16(v.Field(i).Int()); code != 0 && !slices.Contains(found, code) {
					found = append(found, code)
				}
				continue
			}
			found = codesIn(v.Field(i), found)
		}
	}
	return found
}

// refusals are the errors that say that a principal may not.
func refusals() map[kmsg.ACLResourceType]int16 {
	return map[kmsg.ACLResourceType]int16{
		kmsg.ACLResourceTypeTopic:           kerr.TopicAuthorizationFailed.Code,
		kmsg.ACLResourceTypeGroup:           kerr.GroupAuthorizationFailed.Code,
		kmsg.ACLResourceTypeCluster:         kerr.ClusterAuthorizationFailed.Code,
		kmsg.ACLResourceTypeTransactionalId: kerr.TransactionalIDAuthorizationFailed.Code,
	}
}

func isRefusal(code int16) bool {
	for _, c := range refusals() {
		if c == code {
			return true
		}
	}
	return false
}

// passing says of the codes that the same request may be answered otherwise in a moment.
func passing(all []int16) bool {
	return slices.ContainsFunc(all, func(code int16) bool {
		err := kerr.TypedErrorForCode(code)
		return slices.Contains([]*kerr.Error{
			kerr.NotLeaderForPartition, kerr.LeaderNotAvailable, kerr.CoordinatorLoadInProgress, kerr.CoordinatorNotAvailable,
			kerr.NotCoordinator, kerr.NotController, kerr.ConcurrentTransactions, kerr.RebalanceInProgress, kerr.FencedLeaderEpoch,
			kerr.UnknownLeaderEpoch,
		}, err)
	})
}

func names(all []int16) string {
	if len(all) == 0 {
		return "no error"
	}
	var out []string
	for _, code := range all {
		if err := kerr.TypedErrorForCode(code); err.Code == code {
			out = append(out, err.Message)
		} else {
			out = append(out, fmt.Sprintf("error %d", code)) // nobody knows it
		}
	}
	return strings.Join(out, ", ")
}
