package kafka

import (
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// The ways in which a group is run (group.protocol).
const (
	ProtocolClassic  = "classic"  // one of the members shares the partitions out, all at a time
	ProtocolConsumer = "consumer" // the coordinator does, member by member (KIP-848)
)

// Protocols are the names of the ways in which a group is run.
func Protocols() []string { return []string{ProtocolClassic, ProtocolConsumer} }

// ErrServerSideGroups says that the coordinator runs no groups of the protocol that was asked for.
var ErrServerSideGroups = errors.New("the brokers, or client.maxVersion, do not know groups that the coordinator runs (KIP-848): " +
	"ask for protocol classic")

// checkProtocol says what is wrong with the protocol of a group. As in Java's client, what the coordinator decides cannot be asked for.
func (o ConsumerOptions) checkProtocol() error {
	switch {
	case o.Protocol == "" || o.Protocol == ProtocolClassic && o.Group != "":
		return nil
	case o.Protocol != ProtocolClassic && o.Protocol != ProtocolConsumer:
		return fmt.Errorf("kafka: protocol %q: want classic or consumer", o.Protocol)
	case o.Group == "":
		return errors.New("kafka: consumer: protocol needs a group")
	case len(o.Balancers) > 0 || o.SessionTimeout != 0 || o.Heartbeat != 0:
		return errors.New("kafka: consumer: with protocol consumer the coordinator says how partitions are shared out, how often a member is " +
			"to be heard, and for how long it may be silent: leave out balancers, sessionTimeout and heartbeat")
	}
	return nil
}

// serverSide are the options of a member that the coordinator gives its partitions (group.remote.assignor=uniform).
func serverSide(maxVersion string) []kgo.Opt {
	spoken := kversion.Stable()
	if maxVersion != "" {
		spoken = kversion.FromString("v" + maxVersion)
	}
	// The client would join by the classic protocol where it can not by this one, and nobody would know what was judged.
	spoken.SetMaxKeyVersion(kmsg.JoinGroup.Int16(), -1)
	return []kgo.Opt{kgo.ServerSideBalancer(), kgo.Balancers(kgo.StickyBalancer()), kgo.MaxVersions(spoken)}
}

// Generation is the generation of its group that the member is in; by the protocol consumer its own epoch. 0 and less: in none.
func (c *Consumer) Generation() int32 {
	_, generation := c.client.GroupMetadata()
	return generation
}

// notServed tells why a member cannot join.
func (c *Consumer) notServed(err error) error {
	if _, session := errors.AsType[*kgo.ErrGroupSession](err); session && c.options.Protocol == ProtocolConsumer && isUnsupported(err) {
		return fmt.Errorf("group %q: %w", c.options.Group, ErrServerSideGroups)
	}
	return err
}

// isUnsupported tells a request that the broker, or the client, may not or cannot speak.
func isUnsupported(err error) bool { return ErrorName(err) == unsupportedVersion }
